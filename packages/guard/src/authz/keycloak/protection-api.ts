import { AuthError } from '../../core/index.ts';
import {
  type BoundedResponse,
  createOwnToken,
  describeAnswer,
  type OwnToken,
  toJsonObject,
} from '../../core/internal.ts';
import type { AuthzContext } from './context.ts';

/**
 * The API's own token for managing its resources in Keycloak: UMA's "protection API token". `get` rejects with an `AuthError`:
 * `provider_misconfigured` if Keycloak refuses the client.
 */
function createServiceToken({ clientId, credential, issuer, calls, clock }: AuthzContext): OwnToken {
  return createOwnToken(async () => {
    const response = await credential.authenticate(issuer, ({ headers, fields }) =>
      calls.call(issuer.endpoints.token, {
        what: 'a token',
        secrets: credential.secrets(),
        init: {
          method: 'POST',
          headers: { accept: 'application/json', ...headers },
          body: new URLSearchParams({ grant_type: 'client_credentials', ...fields }),
        },
        who: undefined,
      }),
    );
    const { access_token: token, expires_in: lifetime, error } = toJsonObject(response.body) ?? {};
    if (response.status === 200 && typeof token === 'string') {
      return { token, expiresInSeconds: typeof lifetime === 'number' ? lifetime : 0 };
    }
    const seen = describeAnswer(response, credential.secrets());
    if ((response.status === 400 || response.status === 401) && typeof error === 'string') {
      throw new AuthError(
        'provider_misconfigured',
        `Keycloak gives the client ${clientId} no token of its own (${seen}): check its credential, and turn "Service accounts roles" and "Authorization" on`,
      );
    }
    throw new AuthError('provider_unavailable', `Keycloak gave no token to the client ${clientId} (${seen})`);
  }, clock);
}

/** An answer of the protection API that does not refuse this API itself. */
export interface ProtectionAnswer {
  readonly status: number;
  /** The body, parsed; `undefined` if it is not JSON. */
  readonly json: unknown;
  /** A description for messages. */
  readonly seen: string;
}

/** Calls Keycloak's protection API as the resource server (UMA 2.0 Federated Authorization). */
export interface ProtectionApi {
  /**
   * @param path below `authz/protection`, with its query
   * @throws {AuthError} `provider_misconfigured` if the client is not allowed to, `provider_unavailable` without an answer
   */
  call(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown): Promise<ProtectionAnswer>;
  /** The same API, for calls that one user caused (`personOfClaims`): what they cost is that user's. */
  onBehalfOf(who: string): ProtectionApi;
}

export function createProtectionApi(context: AuthzContext): ProtectionApi {
  return toApi(context, createServiceToken(context), undefined);
}

function toApi(context: AuthzContext, serviceToken: OwnToken, who: string | undefined): ProtectionApi {
  async function send(method: string, path: string, body: unknown, token: string): Promise<BoundedResponse> {
    const headers: Record<string, string> = { authorization: `Bearer ${token}`, accept: 'application/json' };
    if (body !== undefined) headers['content-type'] = 'application/json';
    const url = `${context.issuer.baseUrl}/authz/protection/${path}`;
    const init = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
    const secrets = [token, ...context.credential.secrets()];
    return context.calls.call(url, { what: 'an answer', secrets, init, who });
  }

  return {
    onBehalfOf: (user) => toApi(context, serviceToken, user),
    async call(method, path, body) {
      let token = await serviceToken.get();
      let response = await send(method, path, body, token);
      // The token may have been ended early, for example by a logout of all sessions.
      if (refusalOf(response) === 'invalid_bearer_token') {
        serviceToken.drop(token);
        token = await serviceToken.get();
        response = await send(method, path, body, token);
      }
      const seen = describeAnswer(response, [token, ...context.credential.secrets()]);
      const fix = fixOf(response, context.clientId);
      if (fix !== undefined) throw new AuthError('provider_misconfigured', `${fix} (${seen})`);
      if (response.status >= 500 || response.status === 429 || isPage(response)) {
        throw new AuthError(
          'provider_unavailable',
          `Keycloak's protection API gave no usable answer (${seen})`,
        );
      }
      return { status: response.status, json: toJson(response.body), seen };
    },
  };
}

function refusalOf({ body }: BoundedResponse): unknown {
  return toJsonObject(body)?.error;
}

function fixOf(response: BoundedResponse, clientId: string): string | undefined {
  switch (refusalOf(response)) {
    case 'invalid_clientId':
    case 'invalid_clientid':
      return `The client ${clientId} is not a resource server: turn "Authorization" on in Keycloak`;
    case 'invalid_bearer_token':
      return `Keycloak does not accept the token that it gave the client ${clientId}: compare the issuers (KC_HOSTNAME)`;
    case 'not_supported':
      return `Turn on "Remote resource management" of the client ${clientId}`;
    case 'invalid_scope':
      return response.status === 403
        ? `Give the service account of the client ${clientId} its client role uma_protection`
        : undefined;
    default:
      return undefined;
  }
}

/** Redirects and HTML pages come from a proxy. */
function isPage({ status, body }: BoundedResponse): boolean {
  return (status >= 300 && status < 400) || /^\s*</.test(body);
}

function toJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

export interface Resource {
  readonly id: string;
  readonly name: string;
  /** Id of its owner: a user, or the API's client. */
  readonly ownerId: string;
  readonly scopes: readonly string[];
  readonly uris: readonly string[];
  /** Whether the owner may share it. */
  readonly isOwnerManaged: boolean;
}

/** Resources per request: Keycloak's default is 100, and answers over 1 MiB are not read. */
const RESOURCES_PER_PAGE = 200;

/** @param filter more of the query */
async function readPage(
  api: ProtectionApi,
  owner: string,
  first: number,
  filter: Readonly<Record<string, string>> = {},
): Promise<{ readonly resources: Resource[]; readonly isMore: boolean }> {
  const page = { deep: 'true', owner, first: `${first}`, max: `${RESOURCES_PER_PAGE}`, ...filter };
  const answer = await api.call('GET', `resource_set?${new URLSearchParams(page)}`);
  if (answer.status !== 200 || !Array.isArray(answer.json)) throw toUnusable(answer);
  const resources = answer.json.flatMap((one) => toResource(one) ?? []);
  return { resources, isMore: answer.json.length >= RESOURCES_PER_PAGE };
}

/** Lists the resources that the API's client owns. Users may give theirs any name and any path. */
export async function listOwnResources(api: ProtectionApi, clientId: string): Promise<Resource[]> {
  const all: Resource[] = [];
  for (let first = 0; ; first += RESOURCES_PER_PAGE) {
    const { resources, isMore } = await readPage(api, clientId, first);
    all.push(...resources);
    if (!isMore) return all;
  }
}

/** The API's client's own resource of that name; `undefined` if there is none. */
export async function findOwnResource(
  api: ProtectionApi,
  clientId: string,
  name: string,
): Promise<Resource | undefined> {
  // One page has them all. The server may be a tenant's own, and send pages without an end.
  const { resources } = await readPage(api, clientId, 0, { name, exactName: 'true' });
  // Keycloak ignores case here.
  return resources.find((one) => one.name === name);
}

/** `undefined` if there is none. */
export async function findResource(api: ProtectionApi, id: string): Promise<Resource | undefined> {
  const answer = await api.call('GET', `resource_set/${encodeURIComponent(id)}`);
  if (answer.status === 404) return undefined;
  const resource = answer.status === 200 ? toResource(answer.json) : undefined;
  if (resource?.id !== id) throw toUnusable(answer);
  return resource;
}

export function toUnusable({ seen }: ProtectionAnswer): AuthError {
  return new AuthError('provider_unavailable', `Keycloak's protection API gave no usable answer (${seen})`);
}

function toResource(value: unknown): Resource | undefined {
  const { _id: id, name, owner, scopes, uris, ownerManagedAccess } = (value ?? {}) as Record<string, unknown>;
  const ownerId = (owner as { id?: unknown } | null | undefined)?.id;
  if (typeof id !== 'string' || typeof name !== 'string' || typeof ownerId !== 'string') return undefined;
  return {
    id,
    name,
    ownerId,
    scopes: toList(scopes).flatMap((one) => toText((one as { name?: unknown } | null)?.name)),
    uris: toList(uris).flatMap(toText),
    isOwnerManaged: ownerManagedAccess === true,
  };
}

const toList = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
const toText = (value: unknown): string[] => (typeof value === 'string' ? [value] : []);

export async function takeTicket(
  api: ProtectionApi,
  permissions: readonly { resource_id: string; resource_scopes: readonly string[] }[],
): Promise<{ readonly ticket: string } | { readonly ticket: null; readonly seen: string }> {
  const answer = await api.call('POST', 'permission', permissions);
  if (answer.status >= 400) return { ticket: null, seen: answer.seen };
  const { ticket } = (answer.json ?? {}) as { ticket?: unknown };
  // Only the characters of a JWS (RFC 7515 §7.1).
  if (answer.status === 201 && typeof ticket === 'string' && /^[\w.-]+$/.test(ticket)) return { ticket };
  throw toUnusable(answer);
}
