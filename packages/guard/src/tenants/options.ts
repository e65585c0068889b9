import type { CredentialOptions, VerifierOptions } from '../core/index.ts';
import {
  type Filled,
  isCredential,
  isPlainObject,
  type OptionRule,
  type OptionRules,
  optionRules,
  VERIFIER_RULES,
} from '../core/internal.ts';

/** A request as `of` sees it: the same in every framework, for the handshakes of WebSockets too. */
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
      'issuer' | 'audience' | 'publicUrl' | 'acrLevels' | 'clientCertificate' | 'clientSecret'
    >
  > {
  /** Name of the realm, in its exact case. */
  readonly realm: string;
  /**
   * Keycloak's address as this process reaches it. Of another origin than that of the other options, it needs its own
   * `clientSecret` or `credential` beside it where those have one: theirs is sent to no other server.
   */
  readonly serverUrl?: string | undefined;
  /** Client id of this API in the realm. */
  readonly clientId?: string | undefined;
  /** How this API proves to Keycloak that it is the client. Not what `createCredential` returned: settings are compared at each look-up. */
  readonly credential?: CredentialOptions | undefined;
}

/** The settings of a tenant by its name; `undefined` or `null` if there is no such tenant. */
export type TenantLookup = (
  name: string,
) => TenantSettings | null | undefined | Promise<TenantSettings | null | undefined>;

/**
 * Says to whom a request belongs, and which tenants there are.
 *
 * - `of` gives the name of the tenant of a request, `ofIssuer` that of a token that is not verified yet, by its `iss`. Both are
 *   synchronous. `undefined`: it belongs to none, and is answered 404, by its issuer 401. Compare the whole issuer; the sender of
 *   the token can choose a part of it.
 * - `get` is the application's directory: the settings of a name. It may ask a database. It is asked at the first request of a
 *   name, and again after `tenantSeconds`, once at a time for each name; after `timeoutMs` its answer is not waited for.
 */
export type TenantDirectory<Request = unknown> =
  | {
      readonly of: (request: TenantRequest<Request>) => string | null | undefined;
      readonly get: TenantLookup;
    }
  | { readonly ofIssuer: (issuer: string) => string | null | undefined; readonly get: TenantLookup };

/** Options of tenants, each with a realm of its own. */
export interface TenantsOptions<Request = unknown> {
  /** The directory of the tenants. The other options are the same for all of them, unless their settings say otherwise. */
  readonly tenants: TenantDirectory<Request>;
  /** How long settings are used before the directory is asked again. Unit: seconds, 1 to 900. Default 60. */
  readonly tenantSeconds?: number | undefined;
  /** Most tenants in memory; beyond it, the one used least recently is made again at its next request. 1 to 1,000,000. Default 5,000. */
  readonly maxTenants?: number | undefined;
}

const isFunction = (value: unknown): boolean => typeof value === 'function';

export const TENANT_RULES = {
  tenants: optionRules.required({
    rule: 'must be { of, get }: functions of a request and of a name; or { ofIssuer, get }',
    example: '{ of: ({ hostname }) => nameOf(hostname), get: (name) => db.tenants.find(name) }',
    accepts: (value) => {
      const { of, ofIssuer, get, ...rest } = (value ?? {}) as Record<string, unknown>;
      const names = [of, ofIssuer].filter((one) => one !== undefined);
      return (
        names.length === 1 && names.every(isFunction) && isFunction(get) && Object.keys(rest).length === 0
      );
    },
  }),
  tenantSeconds: optionRules.between(1, 900, 60),
  maxTenants: optionRules.whole(1, 1_000_000, 5_000),
} satisfies OptionRules<TenantsOptions>;

/** {@link TenantsOptions} with every default filled in. */
export type FilledTenants = Filled<TenantsOptions<never>, typeof TENANT_RULES>;

/** The rules for the settings of a tenant. */
export const SETTING_RULES: OptionRules<TenantSettings> = {
  // With the options of all tenants, the verifier names a missing one.
  serverUrl: mayBeMissing(VERIFIER_RULES.serverUrl),
  clientId: mayBeMissing(VERIFIER_RULES.clientId),
  realm: VERIFIER_RULES.realm,
  issuer: VERIFIER_RULES.issuer,
  clientSecret: VERIFIER_RULES.clientSecret,
  // One that was made is another object at each look-up: nothing says whether it is still the same.
  credential: {
    rule: 'must be the options of a credential, and not what createCredential returned',
    example: "{ keyFile: '/run/secrets/client-key.pem' }",
    accepts: (value) => VERIFIER_RULES.credential.accepts(value) && !isCredential(value),
  },
  audience: VERIFIER_RULES.audience,
  publicUrl: VERIFIER_RULES.publicUrl,
  acrLevels: VERIFIER_RULES.acrLevels,
  clientCertificate: VERIFIER_RULES.clientCertificate,
};

function mayBeMissing({ isRequired: _, ...rule }: OptionRule): OptionRule {
  return rule;
}

/** Whether two settings say the same: the application may make new objects at each look-up. */
export function isSame(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (Array.isArray(one)) {
    return (
      Array.isArray(other) && one.length === other.length && one.every((item, at) => isSame(item, other[at]))
    );
  }
  if (isPlainObject(one)) {
    const names = isPlainObject(other) ? new Set([...Object.keys(one), ...Object.keys(other)]) : [''];
    return [...names].every((name) => isPlainObject(other) && isSame(one[name], other[name]));
  }
  // Keys and bytes have `equals`.
  const { equals } = Object(one) as { equals?: unknown };
  return (
    typeof equals === 'function' &&
    Object.getPrototypeOf(one) === Object.getPrototypeOf(Object(other)) &&
    equals.call(one, other) === true
  );
}

/** A copy of settings, without members that are `undefined`: the application may write those of another tenant into the same objects. */
export function copyOf<T>(settings: T): T {
  if (Array.isArray(settings)) return settings.map(copyOf) as T;
  if (!isPlainObject(settings)) return settings;
  const members = Object.entries(settings).filter(([, value]) => value !== undefined);
  return Object.fromEntries(members.map(([name, value]) => [name, copyOf(value)])) as T;
}
