import type AdminClient from '@keycloak/keycloak-admin-client';
import type ClientRepresentation from '@keycloak/keycloak-admin-client/lib/defs/clientRepresentation.js';
import { AdminError, trying } from './admin-error.ts';
import { type ClientsState, readClients, toServiceClient, whyNoTokens } from './callers.ts';
import { findUser } from './connection.ts';
import { audiencesOf, opensAudience } from './mappers.ts';
import {
  type AppScope,
  audienceScopeOf,
  GROUPS_SCOPE,
  groupsScope,
  planAppScopes,
  toAppClient,
} from './plan/app-scope.ts';
import { completeClient, createClient, EXCHANGE } from './plan/complete-client.ts';
import { joinParts, newPart, type Part, type Plan } from './plan/step.ts';

export interface ServiceGoal {
  readonly realm: string;
  readonly clientId: string;
  readonly calls: readonly string[];
}

/** The client scope by which a service gets tokens for another, where it asks for it. */
function callScopeOf(called: string): AppScope {
  const name = `to-${called}`;
  return {
    ...audienceScopeOf(called),
    name,
    how: 'optional',
    opens: (clientId, mappers) => [
      `${clientId} gets tokens for ${called}, if it asks for ${name}`,
      ...opensAudience(clientId, called, mappers),
    ],
  };
}

/** The scopes of a client that bring a service into the audience: those that it always has, and those that it may ask for. */
export function scopesThatBring(
  { scopes }: Pick<ClientsState, 'scopes'>,
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

/** @param state of its client, beside those that it calls */
export function planService(state: ClientsState, goal: ServiceGoal): Plan {
  const { client, others, scopes } = state;
  const part = newPart();
  if (!planClient(part, state, goal)) return part;
  const lacking = goal.calls.filter((one) => isLacking(part, state, goal, one)).map(callScopeOf);
  // A service gets the groups if an API that it calls has them.
  const has = (one: typeof client) => one?.defaultClientScopes?.includes(GROUPS_SCOPE) === true;
  const lacksGroups = !has(client) && [...others.values()].some(has);
  const own = toAppClient(client ?? { clientId: goal.clientId }, scopes, client === undefined);
  const all = lacksGroups ? [...lacking, groupsScope] : lacking;
  return joinParts([part, planAppScopes(all, scopes, [own])]);
}

/** @returns whether tokens can be issued to it */
function planClient(
  { steps, kept, blocked }: Part,
  { client }: ClientsState,
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

function whyNoService(client: ClientRepresentation): string | undefined {
  if (client.enabled === false) return 'it is switched off, perhaps on purpose';
  if (client.publicClient) return 'it is public: it has no credential, so anybody could act as it';
  return whyNoTokens(client);
}

/** Whether the client needs the scope for a service that it calls. If not, the part says why. */
function isLacking(
  { kept, blocked }: Part,
  state: ClientsState,
  { clientId }: ServiceGoal,
  called: string,
): boolean {
  const scope = callScopeOf(called).name;
  const subject = `client scope ${scope}`;
  const { always, optional } = scopesThatBring(state, state.client ?? {}, called);
  const [has] = [...always, ...optional];
  const isItself = called === clientId;
  const why = isItself ? `${called} does not call itself` : `there is no client ${called}`;
  if (isItself || !state.others.has(called)) blocked.push({ subject, why, fix: 'look at --calls' });
  else if (has !== undefined) kept.push(`client scope ${has}, which brings ${called}`);
  else if (state.byDefault.includes(scope))
    blocked.push({
      subject,
      why: 'every client of the realm gets it unasked',
      fix: 'Client scopes > this one > Assigned type: Optional',
    });
  else return true;
  return false;
}

interface ExchangeFinding {
  readonly what: string;
  readonly isGood: boolean;
  /** The command that fixes it: `service`, `audience` (of the caller); or a sentence. */
  readonly fix?: 'service' | 'audience' | (string & {});
}

export interface ExchangeQuestion extends Pick<ServiceGoal, 'realm' | 'clientId'> {
  readonly audience: string;
  readonly username: string;
}

/** The conditions of an exchange, by Keycloak's example tokens of the user for each client. Changes nothing, and needs no sign-in. */
export async function explainExchange(
  api: AdminClient,
  question: ExchangeQuestion,
): Promise<ExchangeFinding[]> {
  const { realm, clientId, audience, username } = question;
  const state = await readClients(api, { realm, clientId }, [audience]);
  const user = await findUser(api, realm, username);
  if (user?.id === undefined)
    throw new AdminError('missing', 404, `There is no user ${username} in ${realm}`);
  const userId = user.id;
  const { client } = state;

  /** The `aud` that Keycloak would write: by mappers, and by roles of the user. */
  async function audiencesFor(
    { id = '', clientId: azp }: ClientRepresentation,
    scope = '',
  ): Promise<string[]> {
    return trying(`see what a token of ${azp} would be`, async () => {
      const query = { realm, id, userId, scope, audience: '' };
      const token = await api.clients.evaluateGenerateAccessToken(query);
      return [(token as { aud?: string | string[] }).aud ?? []].flat();
    });
  }

  const findings: ExchangeFinding[] = [];
  const find = (what: string, isGood: boolean, fix?: ExchangeFinding['fix']) =>
    void findings.push(isGood || fix === undefined ? { what, isGood } : { what, isGood, fix });
  find(`the user ${username} is enabled`, user.enabled !== false, `enable the user ${username}`);
  find(`there is a client ${clientId}`, client !== undefined, 'service');
  find(
    `there is a client ${audience}`,
    state.others.has(audience),
    'look at --for: it is the client id of the service',
  );
  if (client === undefined || !state.others.has(audience)) return findings;
  const isConfidential = client.enabled !== false && !client.publicClient && !client.bearerOnly;
  find(
    `${clientId} is enabled and has a credential`,
    isConfidential,
    `Clients > ${clientId}: Enabled, Client authentication ON`,
  );
  find(
    `Standard token exchange of ${clientId} is on`,
    String(client.attributes?.[EXCHANGE]) === 'true',
    'service',
  );

  const { always, optional } = scopesThatBring(state, client, audience);
  const scope = always.length > 0 ? undefined : optional[0];
  const isBrought = (await audiencesFor(client, scope)).includes(audience);
  const by = scope === undefined ? 'without a scope' : `with the scope ${scope}`;
  find(`${by}, tokens of ${clientId} are for ${audience}`, isBrought, whyNot(state.scopes, audience));

  const good: string[] = [];
  for (const one of await api.clients.find({ realm })) {
    const { clientId: azp = '', enabled, bearerOnly } = one;
    if (enabled !== false && !bearerOnly && (await audiencesFor(one)).includes(clientId)) good.push(azp);
  }
  const which =
    good.length > 0
      ? `these clients are for ${clientId}: ${good.join(', ')}`
      : `some client are for ${clientId}`;
  find(`tokens of ${which}`, good.length > 0, 'audience');
  return findings;
}

function whyNot(scopes: readonly { readonly name?: string }[], audience: string): ExchangeFinding['fix'] {
  const scope = callScopeOf(audience).name;
  // For an existing scope, the command says what is wrong.
  return scopes.some(({ name }) => name === scope)
    ? `look at the client scope ${scope}, or let setup do it`
    : 'service';
}
