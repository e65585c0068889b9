import type AdminClient from '@keycloak/keycloak-admin-client';
import type ClientRepresentation from '@keycloak/keycloak-admin-client/lib/defs/clientRepresentation.js';
import type ClientScopeRepresentation from '@keycloak/keycloak-admin-client/lib/defs/clientScopeRepresentation.js';
import { trying } from './admin-error.ts';
import { toServiceClient } from './callers.ts';
import { findClient, findRealm } from './connection.ts';
import { audiencesOf, mappersOf, opensAudience } from './mappers.ts';
import { audienceScopeOf, GROUPS_SCOPE, toClientScope } from './plan/app-scope.ts';
import { completeClient, createClient, EXCHANGE } from './plan/complete-client.ts';
import { added, change, newPart, type Part, type Plan, type Step, toChange, toCreate } from './plan/step.ts';

export interface ServiceGoal {
  readonly realm: string;
  readonly clientId: string;
  readonly calls: readonly string[];
}

export const toCallScope = (called: string): string => `to-${called}`;

export interface ServiceState {
  readonly client: ClientRepresentation | undefined;
  readonly called: ReadonlyMap<string, ClientRepresentation>;
  readonly scopes: readonly ClientScopeRepresentation[];
  readonly byDefault: readonly string[];
}

/**
 * Reads the current state. Changes nothing.
 *
 * @throws {AdminError} where Keycloak does not answer, the admin may not see it, or the realm does not exist
 */
export async function readService(api: AdminClient, goal: ServiceGoal): Promise<ServiceState> {
  const { realm } = goal;
  const byId = (clientId: string) => findClient(api, realm, clientId);
  return trying('see the clients', async () => {
    await findRealm(api, realm);
    const [client, scopes, byDefault, called] = await Promise.all([
      byId(goal.clientId),
      api.clientScopes.find({ realm }),
      // Its type knows nothing of the realm.
      api.clientScopes.listDefaultClientScopes({ realm } as never),
      Promise.all(goal.calls.map(byId)),
    ]);
    const entries = called.flatMap((one): [string, ClientRepresentation][] =>
      one?.clientId === undefined ? [] : [[one.clientId, one]],
    );
    return { client, called: new Map(entries), scopes, byDefault: byDefault.map(({ name = '' }) => name) };
  });
}

/** The scopes of a client that bring a service into the audience: those that it always has, and those that it may ask for. */
export function scopesThatBring(
  { scopes }: Pick<ServiceState, 'scopes'>,
  { defaultClientScopes = [], optionalClientScopes = [] }: ClientRepresentation,
  called: string,
): { readonly always: string[]; readonly optional: string[] } {
  const names = scopes
    .filter(({ protocolMappers }) => audiencesOf(protocolMappers).includes(called))
    .map(({ name = '' }) => name);
  return {
    always: names.filter((name) => defaultClientScopes.includes(name)),
    optional: names.filter((name) => optionalClientScopes.includes(name)),
  };
}

export function planService(state: ServiceState, goal: ServiceGoal): Plan {
  const plan = newPart();
  const isUsable = planClient(plan, state, goal);
  for (const called of isUsable ? goal.calls : []) planCall(plan, state, goal, called);
  if (isUsable) planGroups(plan, state, goal);
  // Client scopes come first, because the clients need them.
  const scopes = plan.steps.filter(({ action }) => action.type === 'create-scope');
  return { ...plan, steps: [...scopes, ...plan.steps.filter((step) => !scopes.includes(step))] };
}

/** @returns whether tokens can be issued to it */
function planClient(
  { steps, kept, blocked }: Part,
  { client }: ServiceState,
  { clientId }: ServiceGoal,
): boolean {
  const subject = `client ${clientId}`;
  const target = { ...toServiceClient(clientId), attributes: { [EXCHANGE]: 'true' } };
  if (client === undefined) {
    steps.push(createClient(target));
    return true;
  }
  const why = whyNoService(client);
  if (why !== undefined) {
    blocked.push({ subject, why, fix: 'name another client by --client-id' });
    return false;
  }
  const changed = completeClient(client, target);
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
  if (enabled === false) return 'it is switched off, perhaps on purpose';
  if (publicClient) return 'it is public: it has no credential, so anybody could act as it';
  if (bearerOnly) return 'it is bearer-only: no tokens are issued to it';
  return protocol === undefined || protocol === 'openid-connect' ? undefined : `it speaks ${protocol}`;
}

function planCall(
  { steps, kept, blocked }: Part,
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
  const [has] = [...brings.always, ...brings.optional];
  if (has !== undefined) return void kept.push(`client scope ${has}, which brings ${called}`);
  const there = scopes.find(({ name }) => name === scope);
  if (there === undefined) {
    const made = toClientScope({ ...audienceScopeOf(called), name: scope, how: 'optional' });
    steps.push(toCreate(subject, { type: 'create-scope', scope: made }, [change('Audience', called)]));
  } else {
    const audiences = audiencesOf(there.protocolMappers);
    if (audiences.join() !== called) {
      const names = audiences.join(', ') || 'nobody';
      return void block(
        `it brings ${names} as audience, and not ${called} alone`,
        'correct it, or choose another name',
      );
    }
    if (byDefault.includes(scope))
      return void block(
        'every client of the realm gets it unasked',
        'Client scopes > this one > Assigned type: Optional',
      );
  }
  const together = [...mappersOf(client, scopes), ...mappersOf(client, scopes, 'optionalClientScopes')];
  steps.push(
    addScope(clientId, client, scope, 'optional', [
      `${clientId} gets tokens for ${called}, if it asks for ${scope}`,
      ...opensAudience(clientId, called, together),
    ]),
  );
}

/** A new client has no rights yet that could grow. */
function addScope(
  clientId: string,
  client: ClientRepresentation | undefined,
  scope: string,
  how: 'default' | 'optional',
  opens: readonly string[],
): Step {
  const field = how === 'default' ? 'Default client scopes' : 'Optional client scopes';
  const action = { type: 'add-scope', scope, how } as const;
  const step = toChange(`client ${clientId}`, [added(field, scope)], action, client && opens);
  return client === undefined ? { ...step, kind: 'create' } : step;
}

/** A service gets the groups scope if an API that it calls has it. */
function planGroups({ steps }: Part, { client, called }: ServiceState, { clientId }: ServiceGoal): void {
  const has = (one: ClientRepresentation | undefined) => one?.defaultClientScopes?.includes(GROUPS_SCOPE);
  if (has(client) || ![...called.values()].some(has)) return;
  const opens = [`tokens of ${clientId} say in which ${GROUPS_SCOPE} a person is`];
  steps.push(addScope(clientId, client, GROUPS_SCOPE, 'default', opens));
}
