import type { CredentialOptions, VerifierOptions } from '../core/index.ts';
import { type Filled, type OptionRules, optionRules } from '../core/internal.ts';

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
 *   name, and again after `tenantSeconds`, once at a time for each name; after `timeoutMs` its answer is not waited for. A name
 *   that it lacks is looked up again after 10 s. Two names may have one realm: a token of it is good for both. With the same
 *   `serverUrl` they share its logouts and used proofs: an address is what another server cannot claim.
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

/** Whether what belongs to the one server may be sent to the other. */
export function isSameOrigin(one: string | undefined, other: string | undefined): boolean {
  return one !== undefined && other !== undefined && new URL(one).origin === new URL(other).origin;
}
