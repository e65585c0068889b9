import type { TokenVerifier } from '../../../core/index.ts';
import { type Answer, toJsonAnswer } from '../../../core/internal.ts';
import { isForTenants, withTenant } from '../routes.ts';

/** The description of an API by itself, so that clients which know nothing but its URL find out where to get a token (RFC 9728). */
export interface ProtectedResourceOptions {
  /**
   * The URL that clients call, for example `https://api.example.com` or `https://example.com/mcp`: without query
   * and fragment. Where requests say whose they are (`tenants.of`), `:tenant` may stand in its path: each tenant then has a
   * resource of its own, `https://example.com/t/:tenant/mcp`.
   */
  readonly url: string;
  /**
   * Scopes that clients may ask for. Not `openid` and `offline_access`, which are not scopes of an API: Keycloak lets no
   * client register with the first, and clients ask for the second by themselves. Default none.
   */
  readonly scopes?: readonly string[] | undefined;
  /** Whether challenges name the scopes too. Clients ask for no scope that they do not know. Default true. */
  readonly scopesInChallenge?: boolean | undefined;
}

/** The part of an engine that says whose a resource is. */
export interface ResourceHost<Incoming> {
  readonly sender: TokenVerifier['sender'];
  /** The verifier of the realms that issue tokens for it. */
  verifierOf(request: Incoming): TokenVerifier | Promise<TokenVerifier>;
  /**
   * The tenant whose metadata a request asks for; only where the request says whose it is.
   *
   * @param path of the metadata, with `:tenant` in it
   * @throws {AuthError} `tenant_unknown` if the path names no tenant, or another one than the application means
   */
  readonly tenantAt: ((request: Incoming, path: string) => string) | undefined;
  /** The tenant of any other request. @throws {AuthError} `tenant_unknown` */
  readonly tenantOf: ((request: Incoming) => string) | undefined;
}

/**
 * The answers to those who ask for the metadata, and to their preflights.
 *
 * @param options checked before
 * @param path of the metadata
 * @see RFC 9728 §2, §3
 */
export function createMetadata<Incoming>(
  { url, scopes = [] }: ProtectedResourceOptions,
  path: string,
  { sender, verifierOf, tenantAt }: ResourceHost<Incoming>,
) {
  const isShared = !isForTenants(url);
  const document = {
    scopes_supported: scopes.length > 0 ? scopes : undefined,
    bearer_methods_supported: ['header'],
    dpop_bound_access_tokens_required: sender?.mode === 'required' || undefined,
  };
  return {
    async describe(request: Incoming): Promise<Answer> {
      const resource = isShared ? url : withTenant(url, tenantAt?.(request, path) ?? '');
      const issuers = [...new Set(await issuersOf(await verifierOf(request)))];
      // Where tokens say whose a request is, there is no list.
      const authorization_servers = issuers.length > 0 ? issuers : undefined;
      return toJsonAnswer(200, FOR_EVERYBODY, { resource, ...document, authorization_servers });
    },
    preflight: { status: 204, headers: PREFLIGHT, setCookies: [], body: undefined } satisfies Answer,
  };
}

/** By the name that Keycloak has for clients: the address of this process may be another one. */
async function issuersOf({ members }: TokenVerifier): Promise<string[]> {
  return Promise.all(members.map(async ({ issuer }) => issuer.pinned ?? (await issuer.discover()).issuer));
}

/** §3.2 is public. MCP clients in pages of other origins send a header with their version. */
const FOR_EVERYBODY = { 'access-control-allow-origin': '*', 'cache-control': 'no-cache' };
const PREFLIGHT = {
  'access-control-allow-origin': '*',
  'access-control-allow-methods': 'GET',
  'access-control-allow-headers': 'mcp-protocol-version',
  'access-control-max-age': '86400',
};
