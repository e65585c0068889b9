import type ClientRepresentation from '@keycloak/keycloak-admin-client/lib/defs/clientRepresentation.js';
import { toServiceClient } from '../callers/service.ts';
import { audienceScopeOf, GROUPS_SCOPE, toClientScope } from '../plan/app-scope.ts';
import { audiencesOf, opensAudience } from '../plan/audiences.ts';
import type { Blocked, Change, Plan, Step } from '../plan/step.ts';
import { type ServiceState, scopesThatBring } from './current.ts';
import { EXCHANGE, type ServiceGoal, toCallScope } from './goal.ts';

interface Draft {
  readonly steps: Step[];
  readonly kept: string[];
  readonly blocked: Blocked[];
}

/** What has to be done. Nothing that a person set otherwise is taken away. */
export function planService(state: ServiceState, goal: ServiceGoal): Plan {
  const plan: Draft = { steps: [], kept: [], blocked: [] };
  const isUsable = planClient(plan, state, goal);
  for (const called of isUsable ? goal.calls : []) planCall(plan, state, goal, called);
  if (isUsable) planGroups(plan, state, goal);
  // All that is about one thing is done together.
  const scopes = plan.steps.filter(({ action }) => action.type === 'create-scope');
  return { ...plan, steps: [...scopes, ...plan.steps.filter((step) => !scopes.includes(step))] };
}

/** @returns whether tokens can be issued to it */
function planClient(
  { steps, kept, blocked }: Draft,
  { client }: ServiceState,
  { clientId }: ServiceGoal,
): boolean {
  const subject = `client ${clientId}`;
  if (client === undefined) {
    const changes = [
      { field: 'Client authentication', from: '', to: 'on' },
      { field: 'Service accounts roles', from: '', to: 'on' },
      { field: 'Standard token exchange', from: '', to: 'on' },
    ];
    steps.push({
      kind: 'create',
      subject,
      changes,
      action: {
        type: 'create-client',
        client: { ...toServiceClient(clientId), attributes: { [EXCHANGE]: 'true' } },
      },
    });
    return true;
  }
  const why = whyNoService(client);
  if (why !== undefined) {
    blocked.push({ subject, why, fix: 'name another client by --client-id' });
    return false;
  }
  const changes: Change[] = [];
  const opens: string[] = [];
  if (!client.serviceAccountsEnabled) {
    changes.push({ field: 'Service accounts roles', from: 'off', to: 'on' });
    opens.push(`who has the credential of ${clientId} gets tokens in its own name`);
  }
  if (String(client.attributes?.[EXCHANGE]) !== 'true') {
    changes.push({ field: 'Standard token exchange', from: 'off', to: 'on' });
    opens.push(
      `${clientId} can exchange what its callers send it for tokens of other services in their name`,
    );
  }
  if (changes.length === 0) kept.push(subject);
  else {
    const action = {
      type: 'update-client',
      client: clientId,
      patch: { serviceAccountsEnabled: true },
      attributes: { [EXCHANGE]: 'true' },
    } as const;
    steps.push({ kind: 'change', subject, changes, opens, action });
  }
  return true;
}

function whyNoService({
  enabled,
  publicClient,
  bearerOnly,
  protocol,
}: ClientRepresentation): string | undefined {
  if (enabled === false) return 'it is switched off; somebody may have had a reason';
  if (publicClient) return 'it is public: it has no credential, so anybody could be it';
  if (bearerOnly) return 'it is bearer-only: no tokens are issued to it';
  return protocol === undefined || protocol === 'openid-connect' ? undefined : `it speaks ${protocol}`;
}

function planCall(
  { steps, kept, blocked }: Draft,
  state: ServiceState,
  { clientId }: ServiceGoal,
  called: string,
): void {
  const scope = toCallScope(called);
  const subject = `client scope ${scope}`;
  const block = (why: string, fix: string) => blocked.push({ subject, why, fix });
  const { client, scopes, byDefault } = state;
  if (!state.called.has(called)) return void block(`there is no client ${called}`, 'look at --calls');
  const brings = scopesThatBring(state, client ?? {}, called);
  const [has] = [...brings.always, ...brings.asked];
  if (has !== undefined) return void kept.push(`client scope ${has}, which brings ${called}`);
  const there = scopes.find(({ name }) => name === scope);
  if (there === undefined) {
    const changes = [{ field: 'Audience', from: '', to: called }];
    steps.push({
      kind: 'create',
      subject,
      changes,
      action: {
        type: 'create-scope',
        scope: toClientScope({ ...audienceScopeOf(called), name: scope, how: 'optional' }),
      },
    });
  } else {
    const named = audiencesOf(there.protocolMappers);
    if (named.join() !== called) {
      const names = named.join(', ') || 'nobody';
      return void block(
        `it brings ${names} as audience, and not ${called} alone`,
        'mend it, or give it another name',
      );
    }
    if (byDefault.includes(scope))
      return void block(
        'every client of the realm gets it unasked',
        'Client scopes > this one > Assigned type: Optional',
      );
  }
  const mappersOf = (names: readonly string[] = []) =>
    scopes.filter(({ name }) => names.includes(name ?? '')).flatMap((one) => one.protocolMappers ?? []);
  const together = [
    ...(client?.protocolMappers ?? []),
    ...mappersOf([...(client?.defaultClientScopes ?? []), ...(client?.optionalClientScopes ?? [])]),
  ];
  steps.push({
    kind: client === undefined ? 'create' : 'change',
    subject: `client ${clientId}`,
    changes: [{ field: 'Optional client scopes', from: '', to: `+ ${scope}` }],
    opens:
      client === undefined
        ? []
        : [
            `${clientId} gets tokens for ${called}, if it asks for ${scope}`,
            ...opensAudience(clientId, called, together),
          ],
    action: { type: 'add-scope', scope, how: 'optional' },
  });
}

/** Who calls an API that reads groups has them in its tokens. */
function planGroups({ steps }: Draft, { client, called }: ServiceState, { clientId }: ServiceGoal): void {
  const has = (one: ClientRepresentation | undefined) => one?.defaultClientScopes?.includes(GROUPS_SCOPE);
  if (has(client) || ![...called.values()].some(has)) return;
  steps.push({
    kind: client === undefined ? 'create' : 'change',
    subject: `client ${clientId}`,
    changes: [{ field: 'Default client scopes', from: '', to: `+ ${GROUPS_SCOPE}` }],
    opens: client === undefined ? [] : [`tokens of ${clientId} say in which ${GROUPS_SCOPE} a person is`],
    action: { type: 'add-scope', scope: GROUPS_SCOPE, how: 'default' },
  });
}
