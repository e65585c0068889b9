import type { SetupKind } from '../kind.ts';
import { CLIENT_FLAGS, CODES_USAGE, parseKindFlags, REALM_USAGE, readVisit } from '../visit.ts';
import { setUpCallers } from './callers.ts';

const usage = `keycloak-guard setup audience: clients that call an API

Gives other clients what the clients of the API share: its audience, and its groups and scopes, where it
has some. They are client scopes, made once. Nothing else is changed.

Usage: keycloak-guard setup audience --client-id <api> <caller> [<caller>…] [options]

  --client-id <id>          client of the API (KEYCLOAK_CLIENT_ID)
  <caller>                  client that calls it; commas separate several

${REALM_USAGE}

${CODES_USAGE}
`;

export const audience: SetupKind = {
  summary: 'clients that call an API: their tokens name it',
  usage,
  async run(args, { environment, out }) {
    const { values: flags, positionals } = parseKindFlags('audience', args, CLIENT_FLAGS);
    const callers = positionals
      .flatMap((list) => list.split(','))
      .map((one) => ({ clientId: one.trim() }))
      .filter(({ clientId }) => clientId !== '');
    const missing = 'setup audience needs the client ids of the callers, for example frontend reports';
    const visit = await readVisit(flags, { environment, out }, callers.length > 0 ? [] : [missing]);
    const say = (_: unknown, isNew: boolean) => {
      if (isNew) out.line('Tokens that are issued from now on name it; those before do not.');
    };
    return setUpCallers(visit, callers, (api) => `tokens for ${api}`, say, out);
  },
};
