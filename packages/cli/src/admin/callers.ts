import type AdminClient from '@keycloak/keycloak-admin-client';
import type ClientRepresentation from '@keycloak/keycloak-admin-client/lib/defs/clientRepresentation.js';
import { trying } from './admin-error.ts';
import { findClient, findRealm } from './connection.ts';
import { audiencesOf } from './mappers.ts';
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

/** A client of a realm, others beside it, and the client scopes of the realm. */
export type ClientsState = Omit<Awaited<ReturnType<typeof readClients>>, 'realm'>;

/** A realm that has the client of the API, and nothing of those that call it. */
export const NO_CALLERS: ClientsState = {
  client: {},
  others: new Map(),
  scopes: [],
  byDefault: [],
  usual: [],
};

/** @param hint what to do where the realm is not there */
export async function readClients(
  api: AdminClient,
  { realm, clientId }: { readonly realm: string; readonly clientId: string },
  others: readonly string[],
  hint?: string,
) {
  return trying('see the clients', async () => {
    const there = await findRealm(api, realm, hint);
    // The types of the lists know nothing of the realm.
    const [client, scopes, byDefault, usual, found] = await Promise.all([
      findClient(api, realm, clientId),
      api.clientScopes.find({ realm }),
      api.clientScopes.listDefaultClientScopes({ realm } as never),
      api.clientScopes.listDefaultOptionalClientScopes({ realm } as never),
      Promise.all(others.map((id) => findClient(api, realm, id))),
    ]);
    return {
      realm: there,
      client,
      others: new Map(
        found.flatMap((one): [string, ClientRepresentation][] =>
          one?.clientId === undefined ? [] : [[one.clientId, one]],
        ),
      ),
      scopes,
      /** Names of client scopes that every new client has. */
      byDefault: byDefault.map(({ name = '' }) => name),
      /** Names of client scopes that every new client may ask for. */
      usual: usual.map(({ name = '' }) => name),
    };
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
export function planDevCaller(state: ClientsState, realm: string, clientId: string): Plan {
  const target = toDevClient(clientId);
  const there = state.others.get(target.clientId);
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
export function planCallers(state: ClientsState, goal: CallersGoal): Plan {
  if (state.client === undefined) {
    const why = 'there is no such client, so no token can name it';
    return blockedPart(`client ${goal.clientId}`, why, 'Look at --client-id, or run setup api first');
  }
  const callers = [...new Map(goal.callers.map((one) => [one.clientId, one])).values()];
  const blocked = callers.flatMap((caller) => blocksOf(caller, state));
  const good = callers.filter(({ clientId }) =>
    blocked.every(({ subject }) => subject !== `client ${clientId}`),
  );
  const made = good.flatMap(({ clientId, target }): Step[] => {
    const there = state.others.get(clientId);
    if (target === undefined) return [];
    return there === undefined ? [createClient(target)] : completeClient(there, target);
  });
  const scopes = planAppScopes(
    scopesOf(state, goal.clientId),
    state.scopes,
    good.map(({ clientId }) => {
      const there = state.others.get(clientId);
      return toAppClient(there ?? { clientId }, state.scopes, there === undefined);
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
function scopesOf({ client, scopes, usual }: ClientsState, clientId: string): AppScope[] {
  const { defaultClientScopes = [], optionalClientScopes = [] } = client ?? {};
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

function blocksOf({ clientId, target }: Caller, { others }: ClientsState): Blocked[] {
  const there = others.get(clientId);
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
