import { type OptionProblem, OptionsError, type TokenVerifier } from '../../core/index.ts';
import {
  type ChallengedResource,
  checkOptions,
  type OptionRule,
  type OptionRules,
  optionRules,
  toJsonAnswer,
} from '../../core/internal.ts';
import {
  hasTenantOnly,
  isForTenants,
  pathOf,
  type Routes,
  tenantIn,
  toRoute,
  toRoutes,
  withTenant,
} from './routes.ts';

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
  /** Name for people. */
  readonly name?: string | undefined;
  /** URL of a page for developers. */
  readonly documentation?: string | undefined;
  /** Whether challenges name the scopes too. Clients ask for no scope that they do not know. Default true. */
  readonly scopesInChallenge?: boolean | undefined;
}

const SCOPES: OptionRule = {
  rule: 'must be a list of scopes without spaces, and without openid and offline_access',
  example: "['orders:read']",
  accepts: (value) => Array.isArray(value) && value.every(isScope),
};

export const RESOURCE_RULES: OptionRules<ProtectedResourceOptions> = {
  url: optionRules.required({
    rule: `${optionRules.PUBLIC_URL.rule}, and with no parameter but :tenant`,
    example: "'https://api.example.com/mcp'",
    accepts: (value) =>
      optionRules.PUBLIC_URL.accepts(value) && hasTenantOnly(new URL(String(value)).pathname),
  }),
  scopes: SCOPES,
  name: optionRules.string('must be a name', "'Orders'"),
  documentation: {
    rule: 'must be an http or https URL',
    example: "'https://example.com/docs'",
    accepts: isHttp,
  },
  scopesInChallenge: optionRules.trueOrFalse(true),
};

/** All protected resources of an adapter. */
export type ProtectedResources = ReturnType<typeof createProtectedResources>;

export function createProtectedResources() {
  const known: { path: string; resource: ChallengedResource }[] = [];
  return {
    /** Challenges name it from now on. @returns the routes of its metadata */
    add<Incoming>(
      { url, scopes = [], scopesInChallenge = true }: ProtectedResourceOptions,
      { metadataUrl, routes }: DescribedResource<Incoming>,
    ): Routes<Incoming> {
      const path = new URL(url).pathname.replace(/\/+$/, '');
      known.push({ path, resource: { metadataUrl, scopes: scopesInChallenge ? scopes : [] } });
      // The deepest first; of two as deep, the one without a parameter.
      known.sort(
        (a, b) => depthOf(b) - depthOf(a) || Number(isForTenants(a.path)) - Number(isForTenants(b.path)),
      );
      return routes;
    },
    /** The one that a request is for. @param requestUrl path, or the whole URL */
    find(requestUrl: string | undefined = '/'): ChallengedResource | undefined {
      const path = pathOf(requestUrl);
      const [first] = known;
      // A single resource gets every request: a proxy in front may have changed the path.
      if (known.length === 1 && first !== undefined && !isForTenants(first.path)) return first.resource;
      for (const { path: template, resource } of known) {
        const tenant = tenantIn(template, path);
        const { metadataUrl } = resource;
        if (tenant !== undefined) return { ...resource, metadataUrl: withTenant(metadataUrl, tenant) };
        if (path === template || path.startsWith(`${template}/`)) return resource;
      }
      return undefined;
    },
  };
}

const depthOf = ({ path }: { readonly path: string }): number => path.split('/').length;

/** The part of an engine that says whose a resource is. */
export interface ResourceHost<Incoming> {
  readonly sender: TokenVerifier['sender'];
  /** Those that issue tokens for it. */
  issuersOf(request: Incoming): readonly string[] | Promise<readonly string[]>;
  /**
   * The tenant whose metadata a request asks for; only where the request says whose it is.
   *
   * @param path of the metadata, with `:tenant` in it
   * @throws {AuthError} `tenant_unknown` if the path names no tenant, or another one than the application means
   */
  readonly tenantAt: ((request: Incoming, path: string) => string) | undefined;
}

/** The metadata of a protected resource. */
export interface DescribedResource<Incoming> {
  /** Its address, as challenges name it: with `:tenant` where each tenant has a resource of its own. */
  readonly metadataUrl: string;
  /** The routes that answer it. */
  readonly routes: Routes<Incoming>;
}

/**
 * Makes the routes of a resource's metadata.
 *
 * @throws {OptionsError} naming every option that is missing, wrong or unknown
 * @see RFC 9728 §2, §3
 */
export function describeResource<Incoming>(
  { sender, issuersOf, tenantAt }: ResourceHost<Incoming>,
  options: ProtectedResourceOptions,
): DescribedResource<Incoming> {
  checkOptions('protectedResource', options, RESOURCE_RULES);
  const { url, scopes = [], name, documentation } = options;
  const isShared = !isForTenants(url);
  if (!isShared && tenantAt === undefined) throw new OptionsError('protectedResource', [NO_TENANTS]);
  const path = toMetadataPath(url);
  const document = {
    scopes_supported: scopes.length > 0 ? scopes : undefined,
    bearer_methods_supported: ['header'],
    resource_name: name,
    resource_documentation: documentation,
    dpop_bound_access_tokens_required: sender?.mode === 'required' || undefined,
  };
  async function describe(request: Incoming) {
    const resource = isShared ? url : withTenant(url, tenantAt?.(request, path) ?? '');
    const issuers = [...new Set(await issuersOf(request))];
    // Where tokens say whose a request is, there is no list.
    const authorization_servers = issuers.length > 0 ? issuers : undefined;
    return toJsonAnswer(200, FOR_EVERYBODY, { resource, ...document, authorization_servers });
  }
  const preflight = { status: 204, headers: PREFLIGHT, setCookies: [], body: undefined };
  return {
    metadataUrl: new URL(url).origin + path,
    routes: toRoutes<Incoming>([
      toRoute('GET', path, describe, { takesHead: true }),
      toRoute('OPTIONS', path, async () => preflight),
    ]),
  };
}

const NO_TENANTS: OptionProblem = {
  option: 'url',
  rule: 'names :tenant, which needs the option tenants, with the function of',
  example: '{ of: ({ path }) => nameOf(path), get: (name) => db.tenants.find(name) }',
};

/** By the name that Keycloak has for clients: the address of this process may be another one. */
export async function issuersOf({ members }: TokenVerifier): Promise<string[]> {
  return Promise.all(members.map(async ({ issuer }) => issuer.pinned ?? (await issuer.discover()).issuer));
}

/** §3.1: between the host and the path. */
function toMetadataPath(url: string): string {
  const { pathname } = new URL(url);
  return `/.well-known/oauth-protected-resource${pathname === '/' ? '' : pathname}`;
}

/** §3.2 is public. MCP clients in pages of other origins send a header with their version. */
const FOR_EVERYBODY = { 'access-control-allow-origin': '*', 'cache-control': 'no-cache' };
const PREFLIGHT = {
  'access-control-allow-origin': '*',
  'access-control-allow-methods': 'GET',
  'access-control-allow-headers': 'mcp-protocol-version',
  'access-control-max-age': '86400',
};

/** RFC 6749 §3.3. */
function isScope(value: unknown): boolean {
  return (
    typeof value === 'string' &&
    /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(value) &&
    value !== 'openid' &&
    value !== 'offline_access'
  );
}

function isHttp(value: unknown): boolean {
  return typeof value === 'string' && URL.canParse(value) && /^https?:$/.test(new URL(value).protocol);
}
