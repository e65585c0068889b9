import {
  type Credential,
  type CredentialOptions,
  createIssuer,
  type Discovery,
  type Issuer,
  type Verifier,
} from '../core/index.ts';
import {
  type CallObserver,
  CREDENTIAL_RULES,
  createNoticeLines,
  type Filled,
  fillOptions,
  OBSERVERS,
  type OptionRules,
  observeFetch,
  optionRules,
  partsOf,
  toCredential,
} from '../core/internal.ts';
import { createDpopKey, DPOP_KEY, type DpopKey } from './dpop.ts';

/** Options of `createClient`. */
export interface ClientOptions {
  /** Keycloak's address as this process reaches it, with or without a path such as `/auth`. */
  readonly serverUrl: string;
  /** Name of the realm, in its exact case. */
  readonly realm: string;
  readonly clientId: string;
  /** Secret of the client: the short form of `credential: { secret }`. */
  readonly clientSecret?: string | undefined;
  /** How the client authenticates: a secret, a key, a token file or a certificate. Default: it does not, as a public client. */
  readonly credential?: CredentialOptions | Credential | undefined;
  /**
   * Binds tokens to a key (DPoP, RFC 9449), so a stolen token is useless. `true`: to a key that is made in this process
   * and never leaves it. With several replicas, or to keep tokens over a restart: a key pair of WebCrypto, for example of
   * `crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign', 'verify'])`. Needs Keycloak 26.4.
   * Default false.
   */
  readonly dpop?: boolean | CryptoKeyPair | undefined;
  /** Bound on every call. Unit: milliseconds, 100 to 60,000. Default 5,000. */
  readonly timeoutMs?: number | undefined;
  /** Tolerated difference between the clocks here and at Keycloak. Unit: seconds, 0 to 300. Default 5. */
  readonly clockToleranceSeconds?: number | undefined;
  /** The issuer of a verifier, so that both share one discovery document. Default: an own one. */
  readonly issuer?: Issuer | undefined;
  /** Observers of calls to Keycloak: see `VerifierOptions.observers`. Default none. */
  readonly observers?: readonly CallObserver[] | undefined;
  /** Replaces the global `fetch`. */
  readonly fetch?: typeof fetch | undefined;
}

const CLIENT_RULES = {
  serverUrl: optionRules.SERVER_URL,
  realm: optionRules.REALM,
  clientId: optionRules.required(optionRules.string('must be the client id', "'my-api'")),
  ...CREDENTIAL_RULES,
  dpop: DPOP_KEY,
  timeoutMs: optionRules.TIMEOUT_MS,
  clockToleranceSeconds: optionRules.CLOCK_TOLERANCE_SECONDS,
  issuer: optionRules.having('an issuer', ['discover', 'refresh'], 'verifier.issuer'),
  observers: { ...OBSERVERS, default: [] as readonly CallObserver[] },
  fetch: optionRules.FETCH,
} satisfies OptionRules<ClientOptions>;

/** The state that every verb needs. */
export interface ClientContext
  extends Omit<
    Filled<ClientOptions, typeof CLIENT_RULES>,
    'serverUrl' | 'clientSecret' | 'credential' | 'dpop' | 'issuer' | 'observers'
  > {
  readonly issuer: Issuer;
  readonly credential: Credential;
  /** To which tokens are bound. */
  readonly dpop: DpopKey | undefined;
}

/** @throws {OptionsError} naming every option that is missing, wrong or unknown */
export function createContext(options: ClientOptions): ClientContext {
  const { serverUrl, dpop, clientSecret, credential, ...filled } = fillOptions(
    'createClient',
    options,
    CLIENT_RULES,
  );
  const { observers, ...rest } = filled;
  const { realm, clientId, timeoutMs } = rest;
  const fetch = observeFetch(rest.fetch, observers);
  const issuer = filled.issuer ?? createIssuer({ serverUrl, realm, timeoutMs, fetch });
  return {
    ...rest,
    fetch,
    issuer,
    credential: toCredential(
      'createClient',
      { clientSecret, credential },
      {
        clientId,
        onNotice: createNoticeLines(`${serverUrl}, realm ${realm}`),
        clock: optionRules.CLOCK.default,
      },
    ),
    dpop: createDpopKey(dpop, issuer),
  };
}

/** The client whose tokens a verifier takes, with its credential; `undefined` for a verifier that was not made here. */
export function contextOfVerifier(verifier: Verifier<object>): ClientContext | undefined {
  const parts = partsOf(verifier);
  if (parts === undefined) return undefined;
  const { issuer, clientId } = verifier;
  const { clockToleranceSeconds } = verifier.context.options;
  return { ...parts, issuer, clientId, dpop: undefined, clockToleranceSeconds };
}

/** Browsers reach Keycloak at its public address, which the discovery document knows and this process may not. */
export function toBrowserEndpoints({ metadata }: Discovery, fallback: Issuer['endpoints']) {
  const read = (name: string, otherwise: string): string => {
    const value = metadata[name];
    return optionRules.isPlainUrl(value) ? value : otherwise;
  };
  return {
    authorization_endpoint: read('authorization_endpoint', fallback.authorization),
    end_session_endpoint: read('end_session_endpoint', fallback.logout),
    ...(metadata.authorization_response_iss_parameter_supported === true
      ? { authorization_response_iss_parameter_supported: true }
      : {}),
  };
}

/** Options of one call to Keycloak. */
export interface CallOptions {
  /** Address of the user, for `X-Forwarded-For`. */
  readonly clientIp?: string | undefined;
  /** Values that must not come back in an error, should an answer repeat them. */
  readonly hidden?: readonly string[] | undefined;
  /** Whoever called gives up. */
  readonly signal?: AbortSignal | undefined;
}
