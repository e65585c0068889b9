import { AuthError } from 'keycloak-guard';
import {
  createPermissions,
  engineOf,
  getOrMake,
  type PermissionsEngine,
  readCredentials,
  readTokenPermissions,
  toUnknown,
} from 'keycloak-guard/unstable/connect';
import type { Engine } from './engine.ts';
import { type ConnectRequest, kauthOf } from './request.ts';
import { grantsPermission, type TokenPermission } from './token.ts';

/** A question to Keycloak's authorization services. */
export interface AuthZRequest {
  /** Client id of the resource server. Default: this client. */
  audience?: string | undefined;
  /** Secret of that client, required if it is not this client: the ids of its resources are looked up with it. */
  audience_secret?: string | undefined;
  /** `permissions`: answers a list of the granted permissions. `decision`: `{ result: true }`. Default: a token that carries it. */
  response_mode?: string | undefined;
  /** Claims for the policies: a JSON object in base64. */
  claim_token?: string | undefined;
  /** Format of `claim_token`, for example `urn:ietf:params:oauth:token-type:jwt`. */
  claim_token_format?: string | undefined;
  /** Resources by id, or by name if the resource server owns them. At run time it may be missing: everything that is granted. */
  permissions: ResourceRequest[];
}

export interface ResourceRequest {
  id: string;
  scopes?: string[] | undefined;
}

/** The client whose resources are asked about. */
type Server = Pick<AuthZRequest, 'audience' | 'audience_secret'>;

/** Asks about permissions by the ids of resources. */
export interface Authorization {
  /** Whether questions are possible: names are looked up with the client's secret. */
  isPossible(server: Server): boolean;
  /**
   * Replaces names by ids. Asked by name, Keycloak could decide on the caller's own resource of that name.
   *
   * @throws {AuthError} `provider_misconfigured` if the resource is unknown or the secret is missing
   */
  toIds(requests: readonly ResourceRequest[], server: Server): Promise<ResourceRequest[]>;
  /** Whether a token that Keycloak just issued as an answer carries all these permissions. */
  carries(token: string, requests: readonly ResourceRequest[], server: Server): boolean;
  /**
   * @returns Keycloak's answer as it was sent; a list is reduced to the permissions in the question
   * @throws {AuthError} `permission_denied` if Keycloak grants nothing; see `Permissions.check` for the others
   * @see Keycloak: Authorization Services Guide, "Obtaining permissions"
   */
  ask(authzRequest: AuthZRequest, request: ConnectRequest): Promise<string>;
}

const ID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;

export function createAuthorization(engine: () => Engine): Authorization {
  const servers = new Map<string, PermissionsEngine>();

  /** As which client it is asked; `undefined` if nothing proves that this is it. */
  function credentialOf({ audience, audience_secret: secret }: Server) {
    const { clientId, credential } = engine().client;
    if (secret) return { secret };
    const isOwn = !audience || audience === clientId;
    return isOwn && credential.kind !== 'none' ? credential : undefined;
  }

  function serverOf(server: Server): PermissionsEngine {
    const { client, verifier } = engine();
    const clientId = server.audience || client.clientId;
    const credential = credentialOf(server);
    if (credential === undefined) throw new AuthError('provider_misconfigured', toNoSecret(clientId));
    const key = JSON.stringify([clientId, server.audience_secret]);
    const { timeoutMs } = client;
    return getOrMake(servers, key, () =>
      engineOf(createPermissions({ verifier, clientId, credential, timeoutMs })),
    );
  }

  async function toIds(requests: readonly ResourceRequest[], server: Server): Promise<ResourceRequest[]> {
    const { judge, clientId } = serverOf(server);
    return Promise.all(
      requests.map(async ({ id: resource, scopes = [] }) => {
        if (ID.test(resource)) return { id: resource, scopes };
        const questions = scopes.length === 0 ? [{ resource }] : scopes.map((scope) => ({ resource, scope }));
        const ids = await Promise.all(questions.map((one) => judge.idOf(one)));
        const at = ids.indexOf('unknown');
        if (at !== -1) throw markUnknown(toUnknown(questions[at] ?? { resource }, clientId));
        return { id: ids[0] as string, scopes };
      }),
    );
  }

  return {
    isPossible: (server) => credentialOf(server) !== undefined,
    toIds,
    carries(token, requests, server) {
      const carried = readTokenPermissions(token, serverOf(server));
      return carried !== undefined && grantsAll(carried.map(toTokenPermission), requests);
    },
    async ask(authzRequest, request) {
      const { judge, question } = serverOf(authzRequest);
      const token = tokenOf(request);
      if (token === undefined) throw new Error('No bearer in header');
      await judge.tokenFor(token);
      const { permissions, response_mode: mode, claim_token, claim_token_format } = authzRequest;
      const requests = permissions === undefined ? undefined : await toIds(permissions, authzRequest);
      const text = await question(token, (requests ?? []).map(toText), {
        ...(mode ? { response_mode: requests === undefined ? mode : 'permissions' } : {}),
        ...(claim_token ? { claim_token, claim_token_format: claim_token_format ?? '' } : {}),
      });
      if (text === 'unknown') throw markUnknown(new AuthError('provider_misconfigured', NOT_THERE));
      return mode && requests !== undefined ? toAnswer(mode, text, requests) : text;
    },
  };
}

/** Whether every resource is granted with all its scopes. Compares ids only: names are not unique. */
export function grantsAll(granted: unknown, requests: readonly ResourceRequest[]): boolean {
  const byId = (Array.isArray(granted) ? granted : []).map(({ rsid, scopes }: TokenPermission) => ({
    rsid: rsid ?? '',
    scopes: scopes ?? [],
  }));
  return requests.every(({ id, scopes = [] }) =>
    [undefined, ...scopes].every((scope) => grantsPermission(byId, id, scope)),
  );
}

export function toNoSecret(clientId: string): string {
  return `Questions about resources of ${clientId} need the secret of that client: resources are looked up by their names with it`;
}

const unknownResources = new WeakSet<object>();

function markUnknown(error: AuthError): AuthError {
  unknownResources.add(error);
  return error;
}

/** Whether an error says that Keycloak has no such resource or scope. */
export function isUnknownResource(error: unknown): boolean {
  return typeof error === 'object' && error !== null && unknownResources.has(error);
}

const NOT_THERE = 'Keycloak has no resource with that id, or it has no such scope: correct the guard';

/** Keycloak answers 200 for a partial grant, and may add permissions that are not in the question. */
function toAnswer(mode: string, text: string, requests: readonly ResourceRequest[]): string {
  const granted = JSON.parse(text) as TokenPermission[];
  if (mode === 'permissions') {
    const ids = new Set(requests.map(({ id }) => id));
    return JSON.stringify(granted.filter(({ rsid }) => ids.has(rsid ?? '')));
  }
  if (grantsAll(granted, requests)) return '{"result":true}';
  throw new AuthError('permission_denied', 'Keycloak does not grant all these permissions');
}

function toText({ id, scopes = [] }: ResourceRequest): string {
  return scopes.length > 0 ? `${id}#${scopes.join(',')}` : id;
}

function toTokenPermission({ id, scopes }: { id: string; scopes: readonly string[] }): TokenPermission {
  return { rsid: id, scopes: [...scopes] };
}

/** The caller's token: the one that was sent, or else the session's. */
function tokenOf(request: ConnectRequest): string | undefined {
  const sent = request.headers.authorization === undefined ? undefined : readCredentials(request);
  return typeof sent === 'string' ? sent : kauthOf(request).grant?.access_token?.token;
}
