import { type OptionProblem, OptionsError } from '../../core/index.ts';
import {
  type ChallengedResource,
  checkOptions,
  loadPart,
  type OptionRule,
  type OptionRules,
  optionRules,
} from '../../core/internal.ts';
import { openRoutes } from './answer-route.ts';
import type { ProtectedResourceOptions, ResourceHost } from './parts/resource-metadata.ts';
import { hasTenantOnly, isForTenants, pathOf, type Routes, tenantIn, toRoute, withTenant } from './routes.ts';

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
  host: ResourceHost<Incoming>,
  options: ProtectedResourceOptions,
): DescribedResource<Incoming> {
  checkOptions('protectedResource', options, RESOURCE_RULES);
  const { url } = options;
  if (isForTenants(url) && host.tenantAt === undefined)
    throw new OptionsError('protectedResource', [NO_TENANTS]);
  const path = toMetadataPath(url);
  const { loading } = loadPart(async () =>
    (await import('./parts/resource-metadata.ts')).createMetadata(options, path, host),
  );
  return {
    metadataUrl: new URL(url).origin + path,
    routes: openRoutes<Incoming>([
      toRoute('GET', path, async (request) => (await loading).describe(request), { takesHead: true }),
      toRoute('OPTIONS', path, async () => (await loading).preflight),
    ]),
  };
}

const NO_TENANTS: OptionProblem = {
  option: 'url',
  rule: 'names :tenant, which needs the option tenants, with the function of',
  example: '{ of: ({ path }) => nameOf(path), get: (name) => db.tenants.find(name) }',
};

/** §3.1: between the host and the path. */
function toMetadataPath(url: string): string {
  const { pathname } = new URL(url);
  return `/.well-known/oauth-protected-resource${pathname === '/' ? '' : pathname}`;
}

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
