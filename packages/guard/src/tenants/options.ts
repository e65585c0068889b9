import type { VerifierOptions } from '../core/index.ts';
import { type OptionRule, type OptionRules, optionRules, VERIFIER_RULES } from '../core/internal.ts';

/** A request as the application's function sees it: the same in every framework, for the handshakes of WebSockets too. */
export interface TenantRequest<Request = unknown> {
  /**
   * Host that the client called, in lower case and without port; empty where it is not known, or no host. It comes from the header `Host`, or
   * from where the framework was told to trust its proxy.
   */
  readonly hostname: string;
  /**
   * Path that the client called, decoded, without query and without a slash at its end. Of the metadata of a protected resource
   * (RFC 9728), it is the path of the resource.
   *
   * @throws {AuthError} `path_ambiguous` (400) for a path that routers read in several ways
   */
  readonly path: string;
  /** A header; `undefined` if it is missing. Clients choose headers: take only those that a proxy of yours sets. */
  header(name: string): string | undefined;
  /** The framework's own request or context; of a WebSocket, Node's request. */
  readonly request: Request;
}

/** The realm of one tenant. A member that is left out is as the other options say. */
export interface TenantSettings
  extends Partial<
    Pick<
      VerifierOptions,
      'issuer' | 'clientSecret' | 'credential' | 'audience' | 'publicUrl' | 'acrLevels' | 'clientCertificate'
    >
  > {
  /** Name of the realm, in its exact case. `undefined`: the request belongs to no tenant. */
  readonly realm: string | undefined;
  /** Keycloak's address as this process reaches it. */
  readonly serverUrl?: string | undefined;
  /** Client id of this API in the realm. */
  readonly clientId?: string | undefined;
  /** Name of the tenant, `principal.tenant`: no two realms may have the same. Default: the realm's name. */
  readonly tenant?: string | undefined;
}

/**
 * Which tenant a request belongs to:
 *
 * - a function of the request. `undefined`: of none, and the request is answered 404.
 * - a list of issuers; each is a tenant, that of the token. Each needs its `issuer`.
 * - a rule for issuers: gets the `iss` of a token that is not verified yet. `undefined`: that issuer is refused. Compare the
 *   whole issuer; the sender of the token can choose a part of it.
 */
export type TenantsBy<Request = unknown> =
  | ((request: TenantRequest<Request>) => TenantSettings | null | undefined)
  | { readonly issuers: readonly (TenantSettings & { readonly issuer: string })[] }
  | { readonly issuer: (issuer: string) => TenantSettings | null | undefined };

/** Options of tenants; each is a realm. */
export interface TenantsOptions<Request = unknown> {
  /** Which tenant a request belongs to. The other options are the same for all tenants, unless its settings say otherwise. */
  readonly tenants: TenantsBy<Request>;
  /** Most tenants in memory; beyond it, the one used least recently goes. 1 to 1,000,000. Default 5,000. */
  readonly maxTenants?: number | undefined;
  /** A tenant that is not used for so long leaves memory. Unit: seconds, 60 to 86,400. Default 900. */
  readonly tenantIdleSeconds?: number | undefined;
}

const isFunction = (value: unknown): boolean => typeof value === 'function';

/** Each issuer is exact and there once. */
function isIssuers(value: unknown): boolean {
  if (!Array.isArray(value) || value.length === 0) return false;
  const named = value.map((one: TenantSettings | null) => one?.issuer);
  const isWhole = ({ issuer, realm }: TenantSettings) =>
    issuer !== undefined && VERIFIER_RULES.issuer.isMet(issuer) && VERIFIER_RULES.realm.isMet(realm);
  return named.every((one) => one !== undefined) && value.every(isWhole) && isDistinct(named);
}

const isDistinct = (list: readonly unknown[]): boolean => new Set(list).size === list.length;

export const TENANT_RULES = {
  tenants: optionRules.required({
    rule: 'must be a function of the request, { issuers: […] } with an issuer in each, or { issuer: (iss) => … }',
    example: '({ hostname }) => ({ realm: realmOf(hostname) })',
    isMet: (value) => {
      if (isFunction(value)) return true;
      const { issuers, issuer, ...rest } = (value ?? {}) as Record<string, unknown>;
      if (typeof value !== 'object' || Object.keys(rest).length > 0) return false;
      return issuers === undefined ? isFunction(issuer) : issuer === undefined && isIssuers(issuers);
    },
  }),
  maxTenants: optionRules.whole(1, 1_000_000, 5_000),
  tenantIdleSeconds: optionRules.between(60, 86_400, 900),
} satisfies OptionRules<TenantsOptions>;

/** What the settings of a tenant may say. */
export const SETTING_RULES: OptionRules<TenantSettings> = {
  // With the options of all tenants, the verifier names a missing one.
  serverUrl: mayBeMissing(VERIFIER_RULES.serverUrl),
  clientId: mayBeMissing(VERIFIER_RULES.clientId),
  realm: VERIFIER_RULES.realm,
  issuer: VERIFIER_RULES.issuer,
  clientSecret: VERIFIER_RULES.clientSecret,
  credential: VERIFIER_RULES.credential,
  audience: VERIFIER_RULES.audience,
  publicUrl: VERIFIER_RULES.publicUrl,
  acrLevels: VERIFIER_RULES.acrLevels,
  clientCertificate: VERIFIER_RULES.clientCertificate,
  tenant: optionRules.string('must be the name of the tenant', "'acme'"),
};

function mayBeMissing({ isRequired: _, ...rule }: OptionRule): OptionRule {
  return rule;
}
