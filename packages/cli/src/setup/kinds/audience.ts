import { applyAudienceStep, planAudience, readAudience } from '../../admin/index.ts';
import { toRealmPart } from '../../plan/realm-part.ts';
import { runPlan } from '../../plan/run-plan.ts';
import type { SetupKind } from '../kind.ts';
import {
  CODES_USAGE,
  needClientId,
  openVisit,
  parseFlags,
  REALM_FLAGS,
  REALM_USAGE,
  readVisit,
} from '../visit.ts';

const usage = `keycloak-guard setup audience: clients that call an API

Gives the tokens of other clients the client of the API as audience. Nothing else is changed.

Usage: keycloak-guard setup audience --client-id <api> <caller> [<caller>…] [options]

  --client-id <id>          client of the API (KEYCLOAK_CLIENT_ID)
  <caller>                  client that calls it; commas separate several

${REALM_USAGE}

${CODES_USAGE}
`;

const FLAGS = { ...REALM_FLAGS, 'client-id': { type: 'string' } } as const;

export const audience: SetupKind = {
  summary: 'clients that call an API: their tokens name it',
  usage,
  async run(args, { environment, out }) {
    const { values: flags, positionals } = parseFlags('audience', args, FLAGS);
    const callers = positionals
      .flatMap((list) => list.split(','))
      .map((one) => one.trim())
      .filter(Boolean);
    const missing = 'setup audience needs the client ids of the callers, for example frontend reports';
    const visit = await readVisit(flags, { environment }, callers.length > 0 ? [] : [missing]);
    const known = flags['client-id'] ?? visit.settings('KEYCLOAK_CLIENT_ID');
    const { api, serverUrl, realm, answers, questions } = await openVisit(
      visit,
      out,
      async (need, hasDefault) => [await needClientId(known, hasDefault, need)],
    );
    const [clientId = ''] = answers;
    const goal = { realm, clientId, callers };
    const plan = planAudience(await readAudience(api, goal), goal);
    const title = `Keycloak at ${serverUrl}, realm ${realm}: tokens for ${clientId}`;
    const part = toRealmPart(title, plan, (step) => applyAudienceStep(api, goal, step), out);
    const { what, code } = await runPlan([part], visit, out, questions);
    if (what === 'applied') out.line('Tokens that are issued from now on name it; those before do not.');
    return code;
  },
};
