import { AuthError, type TokenVerifier, type Verifier } from '../core/index.ts';
import {
  createBoundedCache,
  isThenable,
  loadPart,
  makeVerifier,
  partOf,
  partsOf,
  rememberParts,
  then,
  type VerifierParts,
} from '../core/internal.ts';
import type { TenantFinder } from './find-tenant.ts';
import { type FilledTenants, isSameOrigin } from './options.ts';
import {
  ReadRequest,
  readIssuer,
  type TenantsHost,
  tokenOf,
  toName,
  unknownTenant,
} from './tenant-request.ts';
import type { CommonOptions } from './tenant-verifier.ts';

/** The realms of tenants, and the one that decides about a request. */
export interface Tenants<Incoming>
  extends Pick<TenantFinder, 'current' | 'isUnchanged' | 'watch' | 'onChange'> {
  /** Whether the token of a request, rather than the request, says whose it is. */
  readonly isByIssuer: boolean;
  /** Knows no realm: it checks options, refuses, and calls nobody. */
  readonly nobody: Verifier<object>;
  /** The realms in memory. Verifies no token: that needs a request. */
  readonly verifier: TokenVerifier<object>;
  /**
   * The name of the tenant of a request, which the directory may lack. Not where it depends on the token.
   *
   * @throws {AuthError} `tenant_unknown`, `path_ambiguous`
   * @throws {Error} if the application's function throws, or returns no name: faults
   */
  nameOf(request: Incoming): string;
  /**
   * The name of the tenant of a request for a log; `undefined` if it is of none, or of one that is not in memory. Never throws.
   *
   * @param token one that came elsewhere than in the header `Authorization`
   */
  knownNameOf(request: Incoming, token?: string): string | undefined;
  /**
   * The verifier of the tenant: at once where its settings are known. By issuer, it is `nobody` for a request without a token.
   *
   * @param token one that came elsewhere than in the header `Authorization`
   * @throws {AuthError} (or rejects with one) `tenant_unknown`, `tenants_unavailable`, `provider_misconfigured`, `token_…`, or as `nameOf`
   */
  verifierOf(request: Incoming, token?: string): Verifier<object> | Promise<Verifier<object>>;
  /** The verifier of a tenant that no request is of. @throws {AuthError | Error} rejects as `verifierOf` */
  byName(name: string): Promise<Verifier<object>>;
  /** Whether a credential of the application may be sent to the server of this tenant. */
  isAtHome(verifier: Verifier<object>): boolean;
}

/** Each request rejects with the error. */
const ignore = (): undefined => undefined;

const MOST_ISSUERS = 10_000;
/** The end of the signature, as in the cache of tokens. */
const TAIL = 43;

/**
 * The code that finds tenants is loaded now: a request that comes before it is there waits for it.
 *
 * @param common the options that are the same for all tenants
 */
export function createTenants<Incoming>(
  common: CommonOptions,
  options: FilledTenants,
  host: TenantsHost<Incoming>,
): Tenants<Incoming> {
  const { tenants: directory } = options;
  const nobody = createNobody(common);
  const part = loadPart<TenantFinder>(async () =>
    (await import('./find-tenant.ts')).createTenantFinder(common, options),
  );
  const find = (name: string) => then(partOf(part), (finder) => finder.find(name));
  const isByIssuer = 'ofIssuer' in directory && directory.ofIssuer !== undefined;
  // Of tokens that were verified alone: who makes up tokens leaves nothing here.
  const issuers = createBoundedCache<string>(MOST_ISSUERS);

  function nameOf(request: Incoming): string {
    const of = 'of' in directory ? directory.of : undefined;
    const read = new ReadRequest(host, request);
    return toName(of?.(read), () => unknownTenant('the function of gives none', `host ${read.hostname}`));
  }

  function nameByIssuer(issuer: string): string {
    const ofIssuer = 'ofIssuer' in directory ? directory.ofIssuer : undefined;
    const none = () => new AuthError('token_issuer', 'The issuer is of no tenant', { seen: `iss ${issuer}` });
    return toName(ofIssuer?.(issuer), none);
  }

  function knownNameOf(request: Incoming, token?: string): string | undefined {
    try {
      const bearer = isByIssuer ? (token ?? tokenOf(host, request)) : undefined;
      const name = isByIssuer ? nameByIssuer(readIssuer(bearer ?? '')) : nameOf(request);
      return part.loaded?.has(name) ? name : undefined;
    } catch {
      return undefined;
    }
  }

  /** Of a forged token with the end of a known one, the realm of that one refuses the signature. */
  function findByIssuer(token: string): Verifier<object> | Promise<Verifier<object>> {
    const tail = token.slice(-TAIL);
    const before = issuers.get(tail);
    const issuer = before ?? readIssuer(token);
    const verifier = find(nameByIssuer(issuer));
    if (before === undefined && !isThenable(verifier) && verifier.isKnown(token)) issuers.set(tail, issuer);
    return verifier;
  }

  const verifier: TokenVerifier<object> = {
    get members() {
      return part.loaded?.members() ?? [];
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
    close: async () => (await part.loading).close(),
  };

  return {
    ...{ isByIssuer, nobody, verifier, nameOf, knownNameOf },
    current: async (one) => (await part.loading).current(one),
    isUnchanged: (one, other) => one === other || part.loaded?.isUnchanged(one, other) === true,
    onChange: (listener) => void part.loading.then((finder) => finder.onChange(listener), ignore),
    watch(listener) {
      const unwatch = part.loading.then((finder) => finder.watch(listener), ignore);
      return () => void unwatch.then((end) => end?.());
    },
    verifierOf(request, token) {
      if (!isByIssuer) return find(nameOf(request));
      const bearer = token ?? tokenOf(host, request);
      return bearer === undefined ? nobody : findByIssuer(bearer);
    },
    byName: async (name) => find(toName(name, () => unknownTenant('no name is given'))),
    isAtHome: ({ issuer }) => isSameOrigin(issuer.baseUrl, common.serverUrl),
  };
}

/** Stands where there is no tenant. It has no address, and refuses where another one would call Keycloak. */
function createNobody(common: CommonOptions): Verifier<object> {
  const made = makeVerifier<object>({
    ...{ clientId: 'none', ...common },
    ...{ serverUrl: 'http://localhost', realm: 'none' },
    fetch: async () => {
      throw new AuthError('missing_token', 'The request has no token, so it belongs to no tenant');
    },
  });
  void made.close();
  const none = () => new AuthError('token_issuer', 'The token names no issuer');
  const nobody: Verifier<object> = { ...made, members: [], verify: async () => Promise.reject(none()) };
  rememberParts(nobody, partsOf(made) as VerifierParts);
  return nobody;
}
