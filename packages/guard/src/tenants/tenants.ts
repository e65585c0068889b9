import { AuthError, type TokenVerifier, type Verifier, type VerifierOptions } from '../core/index.ts';
import {
  createBoundedCache,
  DpopCredentials,
  isPlainObject,
  isThenable,
  makeVerifier,
  readCompactJws,
  readCredentials,
} from '../core/internal.ts';
import type { TenantSettings, TenantsBy } from './options.ts';
import { type Bounds, createTenantPool, type TenantPool } from './pool.ts';
import { ReadRequest, type TenantsHost } from './tenant-request.ts';
import { unknownTenant } from './unknown-tenant.ts';

/** Which realm decides about a request. */
export interface Tenants<Incoming> {
  /** Whether the token of a request, rather than the request, says whose it is. */
  readonly isByIssuer: boolean;
  /** Knows no realm: it checks options and refuses. */
  readonly nobody: Verifier<object>;
  /** The realms in memory. Verifies no token: that needs a request. */
  readonly verifier: TokenVerifier<object>;
  /** The issuers of a list; `undefined` where they depend on the request or on a rule. */
  readonly issuers: readonly string[] | undefined;
  /**
   * The verifier of the tenant. By issuer, it is `nobody` for a request without a token.
   *
   * @param token one that came elsewhere than in the header `Authorization`
   * @throws {AuthError} `tenant_unknown`, `token_issuer`, or as the pool and the reader of tokens
   * @throws {Error} if the application's function throws, or returns anything else: faults
   */
  verifierOf(request: Incoming, token?: string): TokenVerifier<object>;
  /** See {@link TenantPool.watch}. */
  readonly watch: TenantPool['watch'];
  /** See {@link TenantPool.ready}. */
  readonly ready: TenantPool['ready'];
  /**
   * The verifier of a tenant that no request is of; by issuer, its issuer must be of the list, or pass the rule.
   *
   * @throws {AuthError} (rejects with one) as `verifierOf` and `ready`
   */
  named(settings: TenantSettings): Promise<Verifier<object>>;
}

/** The longest issuer that is looked up. */
const LONGEST_ISSUER = 1_000;
const MOST_READ = 10_000;
/** The end of the signature, as in the cache of tokens. */
const TAIL = 43;

/** @param common the options that are the same for all tenants */
export function createTenants<Incoming>(
  common: Partial<VerifierOptions<object>>,
  by: TenantsBy<never>,
  bounds: Bounds,
  host: TenantsHost<Incoming>,
): Tenants<Incoming> {
  const made = makeVerifier<object>({
    ...{ serverUrl: 'http://localhost', realm: 'none', clientId: 'none' },
    ...common,
  });
  void made.close();
  const nobody: Verifier<object> = { ...made, members: [], verify: async () => Promise.reject(noIssuer()) };
  const pool = createTenantPool(common, bounds);

  function verifierFor(
    settings: TenantSettings | null | undefined,
    none: () => AuthError,
  ): TokenVerifier<object> {
    if (settings === undefined || settings === null) throw none();
    if (!isPlainObject(settings)) {
      // A rejected promise without a listener would end the process.
      if (isThenable(settings)) Promise.resolve(settings).catch(() => {});
      throw new TypeError('tenants must return the settings of a realm, or undefined, and at once');
    }
    if (settings.realm === undefined) throw none();
    return pool.of(settings);
  }

  const verifier: TokenVerifier<object> = {
    get members() {
      return pool.members;
    },
    clientId: nobody.clientId,
    ...(nobody.sender && { sender: nobody.sender }),
    ...(nobody.signInRules && { signInRules: nobody.signInRules }),
    async verify() {
      throw new Error(
        'Where there are tenants, a token is verified with its request: use a guard, or connect',
      );
    },
    load: async () => {},
    close: () => pool.close(),
  };
  const ready = (settings: TenantSettings | null | undefined) =>
    pool.ready(verifierFor(settings, () => unknownTenant('its settings name none')));
  const all = { nobody, verifier, ready: pool.ready, watch: pool.watch };

  if (typeof by === 'function') {
    const none = () => unknownTenant('the function gives none');
    return {
      ...all,
      isByIssuer: false,
      issuers: undefined,
      named: async (settings) => ready(settings),
      verifierOf: (request) => verifierFor(by(new ReadRequest(host, request)), none),
    };
  }

  const listed = 'issuers' in by ? new Map(by.issuers.map((one) => [one.issuer, one])) : undefined;
  const settingsOf = (issuer: string): TenantSettings | null | undefined => {
    if (listed !== undefined) return listed.get(issuer);
    const found = (by as Extract<typeof by, { issuer: unknown }>).issuer(issuer);
    // What the rule accepted is what the realm must be.
    return isPlainObject(found) && found.issuer === undefined ? { ...found, issuer } : found;
  };
  const read = createBoundedCache<{ readonly token: string; readonly issuer: string }>(MOST_READ);

  /** Not verified yet: it only says whose keys and rules do that. */
  function issuerOf(token: string): string {
    const tail = token.slice(-TAIL);
    const before = read.get(tail);
    if (before?.token === token) return before.issuer;
    const { iss } = readCompactJws(token).payload();
    if (typeof iss !== 'string' || iss.length > LONGEST_ISSUER) {
      throw noIssuer();
    }
    read.set(tail, { token, issuer: iss });
    return iss;
  }

  return {
    ...all,
    isByIssuer: true,
    issuers: listed && [...listed.keys()],
    named: async ({ issuer }) => ready(issuer === undefined ? undefined : settingsOf(issuer)),
    verifierOf(request, token = tokenOf(host, request)) {
      if (token === undefined) return nobody;
      const issuer = issuerOf(token);
      return verifierFor(
        settingsOf(issuer),
        () => new AuthError('token_issuer', 'The issuer is of no tenant', { seen: `iss ${issuer}` }),
      );
    },
  };
}

function noIssuer(): AuthError {
  return new AuthError('token_issuer', 'The token names no issuer');
}

function tokenOf<Incoming>(host: TenantsHost<Incoming>, request: Incoming): string | undefined {
  const read = readCredentials(host.toRequest(request), true);
  return typeof read === 'string' ? read : read instanceof DpopCredentials ? read.token : undefined;
}
