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
import { hasTenantOnly, isForTenants, toRoute, withTenant } from './routes.ts';

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
  scopesInChallenge: optionRules.trueOrFalse(true),
};

/** The metadata of a protected resource. */
export type DescribedResource<Incoming> = ReturnType<typeof describeResource<Incoming>>;

/**
 * Makes the routes of a resource's metadata.
 *
 * @throws {OptionsError} naming every option that is missing, wrong or unknown
 * @see RFC 9728 §2, §3
 */
export function describeResource<Incoming>(host: ResourceHost<Incoming>, options: ProtectedResourceOptions) {
  checkOptions('protectedResource', options, RESOURCE_RULES);
  const { url } = options;
  if (isForTenants(url) && host.tenantAt === undefined)
    throw new OptionsError('protectedResource', [NO_TENANTS]);
  const path = toMetadataPath(url);
  const { loading } = loadPart(async () =>
    (await import('./parts/resource-metadata.ts')).createMetadata(options, path, host),
  );
  const metadataUrl = new URL(url).origin + path;
  return {
    /** Its address, as challenges name it: with `:tenant` where each tenant has a resource of its own. */
    metadataUrl,
    /** The resource as challenges to a request name it; `undefined` where the request is of no tenant, and each has its own. */
    challengedFor(request: Incoming, scopes: readonly string[]): ChallengedResource | undefined {
      if (!isForTenants(url)) return { metadataUrl, scopes };
      try {
        return { metadataUrl: withTenant(metadataUrl, host.tenantOf?.(request) ?? ''), scopes };
      } catch {
        return undefined;
      }
    },
    /** The routes that answer it. */
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
