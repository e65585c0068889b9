import type ClientRepresentation from '@keycloak/keycloak-admin-client/lib/defs/clientRepresentation.js';
import { toServiceClient } from '../callers/service.ts';
import { audienceScopeOf, GROUPS_SCOPE, toClientScope } from '../plan/app-scope.ts';
import { audiencesOf, opensAudience } from '../plan/audiences.ts';
import { completeClient, createClient, EXCHANGE } from '../plan/complete-client.ts';
import type { Blocked, Plan, Step } from '../plan/step.ts';
import { type ServiceState, scopesThatBring } from './current.ts';
import { type ServiceGoal, toCallScope } from './goal.ts';

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
  const wanted = { ...toServiceClient(clientId), attributes: { [EXCHANGE]: 'true' } };
  if (client === undefined) {
    steps.push(createClient(wanted));
    return true;
  }
  const why = whyNoService(client);
  if (why !== undefined) {
    blocked.push({ subject, why, fix: 'name another client by --client-id' });
    return false;
  }
  const changed = completeClient(client, wanted);
  steps.push(...changed);
  if (changed.length === 0) kept.push(subject);
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
