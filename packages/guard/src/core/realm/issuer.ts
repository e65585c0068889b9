import { AuthError, toSafeText } from '../http/errors.ts';
import { checkOptions, type OptionRules } from '../options/check-options.ts';
import { FETCH, ISSUER, isPlainUrl, REALM, SERVER_URL, TIMEOUT_MS } from '../options/option-rules.ts';
import { createSingleFlight } from '../runtime/concurrency.ts';
import { fetchJson } from './fetch-json.ts';

/** Options of {@link createIssuer}. */
export interface IssuerOptions {
  /** Keycloak's address as this process reaches it, with or without a path such as `/auth`. */
  readonly serverUrl: string;
  /** Name of the realm. */
  readonly realm: string;
  /**
   * The exact issuer, if it differs from the discovery document. A document that names another one is refused, unless
   * Keycloak names itself by the address it is called at: see {@link Discovery.isFollowingCaller}. Default: that of the document.
   */
  readonly issuer?: string | undefined;
  /** Bound on the call. Unit: milliseconds. Default 5,000. */
  readonly timeoutMs?: number | undefined;
  /** Replaces the global `fetch`. */
  readonly fetch?: typeof fetch | undefined;
}

const RULES: OptionRules<IssuerOptions> = {
  serverUrl: SERVER_URL,
  realm: REALM,
  issuer: ISSUER,
  timeoutMs: TIMEOUT_MS,
  fetch: FETCH,
};

/** Keycloak's endpoints for one realm, at the address that was configured. */
export interface Endpoints {
  readonly discovery: string;
  readonly authorization: string;
  readonly deviceAuthorization: string;
  readonly token: string;
  readonly certs: string;
  readonly userinfo: string;
  readonly introspection: string;
  readonly revocation: string;
  readonly logout: string;
}

/** The discovery document of a realm (OpenID Connect Discovery 1.0 §3). */
export interface Discovery {
  /** The exact value of `iss` in every token of the realm. */
  readonly issuer: string;
  /** The whole document. Its URLs may be for browsers only: call {@link Issuer.endpoints} instead. */
  readonly metadata: Readonly<Record<string, unknown>>;
  /**
   * Keycloak has no fixed host name (`KC_HOSTNAME`): it names itself by the address it was called at, and the issuer is
   * the one that was set. Its keys are right, but a Keycloak called here does not recognise tokens of that issuer.
   */
  readonly isFollowingCaller: boolean;
}

/** A realm of a Keycloak server. */
export interface Issuer {
  /** `<serverUrl>/realms/<realm>`, normalised. */
  readonly baseUrl: string;
  readonly endpoints: Endpoints;
  /** The issuer that was set in the options; `null` if the discovery document decides. */
  readonly pinned: string | null;
  /** The discovery document as last loaded, or `null`. */
  readonly current: Discovery | null;
  /**
   * The discovery document; loaded once, by one call for all who wait. A failure is shared for a second.
   *
   * @throws {AuthError} `provider_unavailable` or `provider_misconfigured`
   */
  discover(): Promise<Discovery>;
  /** Loads the discovery document again. Throws as `discover` does; the old document stays. */
  refresh(): Promise<Discovery>;
}

/**
 * Turns a server URL and a realm into an issuer. No I/O until `discover` is called.
 *
 * The `iss` of tokens is taken from the discovery document, because with `KC_HOSTNAME` it differs from the
 * address used here. Endpoints are not: a service in a container often cannot reach the public address, and an
 * answer should not choose where this process sends its secret.
 *
 * @throws {OptionsError} naming every option that is missing, wrong or unknown
 * @see OpenID Connect Discovery 1.0 §4, Keycloak: "Configuring the hostname (v2)"
 * @example
 * const issuer = createIssuer({ serverUrl: 'http://localhost:8080', realm: 'testing' });
 * const { metadata } = await issuer.discover();
 */
export function createIssuer(options: IssuerOptions): Issuer {
  checkOptions('createIssuer', options, RULES);
  const baseUrl = toRealmUrl(options.serverUrl, options.realm);
  const endpoints = toEndpoints(baseUrl);
  const once = createSingleFlight<Discovery>();
  let lastTry: { readonly at: number; readonly result: Promise<Discovery> } | undefined;

  async function load(): Promise<Discovery> {
    const metadata = await fetchJson(endpoints.discovery, {
      fetch: options.fetch ?? fetch,
      timeoutMs: options.timeoutMs ?? 5_000,
      what: 'the discovery document',
    });
    const issuer = metadata.issuer;
    if (!isPlainUrl(issuer)) {
      throw new AuthError('provider_misconfigured', `${endpoints.discovery} is not a discovery document`, {
        expected: 'a JSON object with an "issuer"',
        seen: `"issuer" of type ${typeof issuer}`,
      });
    }
    const set = options.issuer ?? issuer;
    const isOther = set !== issuer;
    const isFollowingCaller = isOther && issuer === baseUrl && isOfRealm(set, options.realm);
    // OpenID Connect Discovery 1.0 §4.3.
    if (isOther && !isFollowingCaller) {
      throw new AuthError(
        'provider_misconfigured',
        `Keycloak's issuer is ${toSafeText(issuer.slice(0, LONGEST_SEEN))}, and ${set} is set`,
        { seen: OTHER_ISSUER },
      );
    }
    self.current = { issuer: set, metadata, isFollowingCaller };
    return self.current;
  }

  const refresh = () => once(baseUrl, load);

  const self: Omit<Issuer, 'current'> & { current: Discovery | null } = {
    baseUrl,
    endpoints,
    pinned: options.issuer ?? null,
    current: null,
    async discover() {
      if (self.current !== null) return self.current;
      const now = performance.now();
      // Anybody may ask for a login, or for the metadata of a resource.
      if (lastTry === undefined || Math.abs(now - lastTry.at) >= 1_000)
        lastTry = { at: now, result: refresh() };
      return lastTry.result;
    },
    refresh,
  };
  return self;
}

/** Seen where Keycloak is not the issuer that is set. */
export const OTHER_ISSUER = 'another issuer';
const LONGEST_SEEN = 200;

/** The name of another realm in it is a mistake, not another name of this Keycloak. */
function isOfRealm(issuer: string, realm: string): boolean {
  return new URL(issuer).pathname.endsWith(`/realms/${encodeURIComponent(realm)}`);
}

/** `<serverUrl>/realms/<realm>`, normalised. */
export function toRealmUrl(serverUrl: string, realm: string): string {
  const url = new URL(serverUrl);
  const path = url.pathname.replace(/\/{2,}/g, '/').replace(/\/$/, '');
  return `${url.origin}${path}/realms/${encodeURIComponent(realm)}`;
}

function toEndpoints(baseUrl: string): Endpoints {
  const protocol = `${baseUrl}/protocol/openid-connect`;
  return Object.freeze({
    discovery: `${baseUrl}/.well-known/openid-configuration`,
    authorization: `${protocol}/auth`,
    deviceAuthorization: `${protocol}/auth/device`,
    token: `${protocol}/token`,
    certs: `${protocol}/certs`,
    userinfo: `${protocol}/userinfo`,
    introspection: `${protocol}/token/introspect`,
    revocation: `${protocol}/revoke`,
    logout: `${protocol}/logout`,
  });
}
