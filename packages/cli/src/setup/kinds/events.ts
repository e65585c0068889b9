import { planEvents, readEventsState } from '../../admin/index.ts';
import { toRealmPart } from '../../plan/realm-part.ts';
import { runPlan } from '../../plan/run-plan.ts';
import { UsageError } from '../../settings/usage-error.ts';
import type { SetupKind } from '../kind.ts';
import { CLIENT_FLAGS, CODES_USAGE, openVisit, parseKindFlags, REALM_USAGE, readVisit } from '../visit.ts';

const usage = `keycloak-guard setup events: an API that follows Keycloak's events

Lets Keycloak keep the events that an API has to hear, and its service account read them. Events that are kept already
stay, and are kept no shorter than before.

Usage: keycloak-guard setup events [options]

  --client-id <id>          client of the API (KEYCLOAK_CLIENT_ID)

${REALM_USAGE}

${CODES_USAGE}
`;

export const events: SetupKind = {
  summary: "an API that follows Keycloak's events: kept, and readable by its service account",
  usage,
  async run(args, { environment, out }) {
    const { values: flags, positionals } = parseKindFlags('events', args, CLIENT_FLAGS);
    if (positionals.length > 0) throw new UsageError(['setup events takes no name: give --client-id']);
    const visit = await readVisit(flags, { environment, out });
    const { api, serverUrl, realm, clientId, questions } = await openVisit(visit, out);
    const goal = { realm, clientId };
    const plan = planEvents(await readEventsState(api, goal), goal);
    if (plan.steps.some(({ subject }) => subject === `realm ${realm}`)) {
      out.line(
        "Keycloak's database gets a row of about 1 KiB for each change by an administrator and each logout:",
      );
      out.line('1,000 a day, kept for 7 days, are 7 MiB. Logins are not kept, unless they were before.');
    }
    const title = `Keycloak at ${serverUrl}, realm ${realm}: events for ${clientId}`;
    const part = toRealmPart(title, plan, api, goal, out);
    const { isDone, code } = await runPlan([part], visit, out, questions);
    if (isDone) out.line('In the API: kc.events(), or KEYCLOAK_EVENTS=on. keycloak-guard doctor checks it.');
    return code;
  },
};
