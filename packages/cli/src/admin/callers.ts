import type AdminClient from '@keycloak/keycloak-admin-client';
import type ClientRepresentation from '@keycloak/keycloak-admin-client/lib/defs/clientRepresentation.js';
import type ClientScopeRepresentation from '@keycloak/keycloak-admin-client/lib/defs/clientScopeRepresentation.js';
import type ProtocolMapperRepresentation from '@keycloak/keycloak-admin-client/lib/defs/protocolMapperRepresentation.js';
import { trying } from './admin-error.ts';
import { findClient, findRealm } from './connection.ts';
import { audiencesOf, mappersOf } from './mappers.ts';
import {
  type AppScope,
  audienceScopeOf,
  GROUPS_SCOPE,
  groupsScope,
  ORGANIZATION_GROUPS_SCOPE,
  ORGANIZATION_SCOPE,
  organizationGroupsScope,
  organizationScope,
  ownScopeOf,
  planAppScopes,
  toAppClient,
} from './plan/app-scope.ts';
import { completeClient, createClient, PLAIN_CLIENT, type TargetClient } from './plan/complete-client.ts';
import { type Blocked, blockedPart, type Plan, type Step } from './plan/step.ts';

export interface Caller {
  readonly clientId: string;
  readonly target?: TargetClient | undefined;
}

export interface CallersGoal {
  readonly realm: string;
  readonly clientId: string;
  readonly callers: readonly Caller[];
}

export interface CallersState {
  readonly api: Pick<ClientRepresentation, 'defaultClientScopes' | 'optionalClientScopes'> | undefined;
  readonly callers: ReadonlyMap<string, CallerState>;
  readonly scopes: readonly ClientScopeRepresentation[];
  /** Names of client scopes that every new client may ask for. */
  readonly usual: readonly string[];
}

export interface CallerState {
  readonly client: ClientRepresentation;
  readonly mappers: readonly ProtocolMapperRepresentation[];
  readonly askable: readonly ProtocolMapperRepresentation[];
}

/** A realm that has the client of the API, and nothing of those that call it. */
export const NO_CALLERS: CallersState = { api: {}, callers: new Map(), scopes: [], usual: [] };

export async function readCallers(api: AdminClient, goal: CallersGoal): Promise<CallersState> {
  const { realm, clientId } = goal;
  const byId = (id: string) => findClient(api, realm, id);
  return trying('see the clients', async () => {
    await findRealm(api, realm);
    const [own, scopes, usual, callers] = await Promise.all([
      byId(clientId),
      api.clientScopes.find({ realm }),
      api.clientScopes.listDefaultOptionalClientScopes({ realm } as never),
      Promise.all(goal.callers.map((caller) => byId(caller.clientId))),
    ]);
    const toState = (client: ClientRepresentation): CallerState => ({
      client,
      mappers: mappersOf(client, scopes),
      askable: mappersOf(client, scopes, 'optionalClientScopes'),
    });
    const entries = callers.flatMap((client): [string, CallerState][] =>
      client?.clientId === undefined ? [] : [[client.clientId, toState(client)]],
    );
    return { api: own, callers: new Map(entries), scopes, usual: usual.map(({ name }) => name ?? '') };
  });
}

/** A service that calls an API in its own name: a confidential client without sign-in. */
export function toServiceClient(clientId: string): TargetClient {
  return {
    ...PLAIN_CLIENT,
    clientId,
    clientAuthenticatorType: 'client-secret',
    serviceAccountsEnabled: true,
  };
}

export interface SpaGoal {
  readonly clientId: string;
  readonly appUrl: string;
  /** Where Keycloak may send people back to: whole addresses, without patterns. */
  readonly redirectUris: readonly string[];
}

/**
 * A public client, because a page cannot keep a secret. PKCE protects its codes (RFC 9700 §2.1.1), which go only to complete
 * addresses (§2.1).
 */
export function toSpaClient({ clientId, appUrl, redirectUris }: SpaGoal): TargetClient {
  return {
    ...PLAIN_CLIENT,
    clientId,
    publicClient: true,
    standardFlowEnabled: true,
    rootUrl: `${appUrl}/`,
    redirectUris: [...redirectUris],
    webOrigins: [new URL(appUrl).origin],
    attributes: { 'pkce.code.challenge.method': 'S256', 'post.logout.redirect.uris': `${appUrl}/` },
  };
}

/** Where `keycloak-guard token` takes answers, on this machine and on any port (RFC 8252 §7.3). */
export const TOKEN_CALLBACK = 'http://127.0.0.1/callback';

/** Keycloak's console shows it, and by it the client is known when it is to be removed. */
const DEV_DESCRIPTION = 'For development, made by keycloak-guard. Remove with: setup caller --remove';

/** Client id of the development caller of an API. `keycloak-guard token` looks for it. */
export const toDevId = (clientId: string): string => `${clientId}-dev`;

/** Whether a client is a development caller that setup made. */
export const isDevCaller = ({ description }: ClientRepresentation): boolean =>
  description === DEV_DESCRIPTION;

/** The development caller of an API, by which developers sign in on their own machines: a public client, as no program can keep a secret. */
function toDevClient(clientId: string): TargetClient {
  return {
    ...PLAIN_CLIENT,
    clientId: toDevId(clientId),
    description: DEV_DESCRIPTION,
    publicClient: true,
    standardFlowEnabled: true,
    redirectUris: [TOKEN_CALLBACK],
    attributes: { 'pkce.code.challenge.method': 'S256' },
  };
}

/** Makes or completes the development caller of an API. Another client of that name stays as it is. */
export function planDevCaller(state: CallersState, realm: string, clientId: string): Plan {
  const target = toDevClient(clientId);
  const there = state.callers.get(target.clientId)?.client;
  if (there !== undefined && !isDevCaller(there)) {
    const fix =
      'use that one, if it is for development: keycloak-guard token signs in with it where it is public';
    return blockedPart(`client ${target.clientId}`, 'it is there, and setup did not make it', fix);
  }
  const plan = planCallers(state, { realm, clientId, callers: [{ clientId: target.clientId, target }] });
  const opens = [
    `whoever signs in at ${target.clientId} gets tokens for ${clientId} on their own machine: for development`,
  ];
  const steps = plan.steps.map((step) => (step.action.type === 'create-client' ? { ...step, opens } : step));
  return { ...plan, steps };
}

/**
 * Clients that call an API: made or completed where that is wanted, and with the client scopes of the application: its audience, its
 * groups and the scopes that its own client has.
 */
export function planCallers(state: CallersState, goal: CallersGoal): Plan {
  if (state.api === undefined) {
    const why = 'there is no such client, so no token can name it';
    return blockedPart(`client ${goal.clientId}`, why, 'Look at --client-id, or run setup api first');
  }
  const callers = [...new Map(goal.callers.map((one) => [one.clientId, one])).values()];
  const blocked = callers.flatMap((caller) => blocksOf(caller, state));
  const good = callers.filter(({ clientId }) =>
    blocked.every(({ subject }) => subject !== `client ${clientId}`),
  );
  const made = good.flatMap(({ clientId, target }): Step[] => {
    const there = state.callers.get(clientId);
    if (target === undefined) return [];
    return there === undefined ? [createClient(target)] : completeClient(there.client, target);
  });
  const scopes = planAppScopes(
    scopesOf(state, goal.clientId),
    state.scopes,
    good.map(({ clientId }) => {
      const there = state.callers.get(clientId);
      const client = toAppClient(there?.client ?? { clientId }, there?.mappers ?? [], there === undefined);
      return { ...client, askable: there?.askable };
    }),
  );
  const steps = [...made, ...scopes.steps];
  const touched = new Set(steps.map(({ subject }) => subject));
  const kept = good.map(({ clientId }) => `client ${clientId}`).filter((subject) => !touched.has(subject));
  return { steps, kept, blocked: [...blocked, ...scopes.blocked] };
}

/**
 * The client scopes that an API's client shares with those that call it. What brings it tokens for another API (`setup service`) is
 * its own affair.
 */
function scopesOf({ api, scopes, usual }: CallersState, clientId: string): AppScope[] {
  const { defaultClientScopes = [], optionalClientScopes = [] } = api ?? {};
  const hasGroups = defaultClientScopes.includes(ORGANIZATION_GROUPS_SCOPE);
  const own = optionalClientScopes.filter((name) => {
    const there = scopes.find((one) => one.name === name);
    const isUsual = usual.includes(name) && !(name === ORGANIZATION_SCOPE && hasGroups);
    return !isUsual && audiencesOf(there?.protocolMappers).length === 0;
  });
  return [
    audienceScopeOf(clientId),
    ...(defaultClientScopes.includes(GROUPS_SCOPE) ? [groupsScope] : []),
    ...(hasGroups ? [organizationGroupsScope] : []),
    ...own.map((name) => (name === ORGANIZATION_SCOPE ? organizationScope : ownScopeOf(name))),
  ];
}

function blocksOf({ clientId, target }: Caller, { callers }: CallersState): Blocked[] {
  const there = callers.get(clientId)?.client;
  const subject = `client ${clientId}`;
  if (there === undefined && target !== undefined) return [];
  const why = there === undefined ? 'there is no such client' : whyNoTokens(there);
  if (why !== undefined) return [{ subject, why, fix: 'Look at the client ids of the callers' }];
  return target === undefined || there === undefined ? [] : differentKind(there, target, subject);
}

export function whyNoTokens({ bearerOnly, protocol }: ClientRepresentation): string | undefined {
  if (bearerOnly) return 'it is bearer-only: no tokens are issued to it';
  return protocol === undefined || protocol === 'openid-connect' ? undefined : `it speaks ${protocol}`;
}

function differentKind(there: ClientRepresentation, target: TargetClient, subject: string): Blocked[] {
  if (Boolean(there.publicClient) === target.publicClient) return [];
  const why = target.publicClient
    ? 'it has a secret, and a page cannot keep one: it is the client of something else'
    : 'it is a public client: it has no secret, and is the client of something else';
  return [{ subject, why, fix: 'choose another client id' }];
}
