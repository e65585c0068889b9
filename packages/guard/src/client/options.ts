import type { Credential, CredentialOptions, Issuer } from '../core/index.ts';
import {
  type CallObserver,
  CREDENTIAL_RULES,
  OBSERVERS,
  type OptionRules,
  optionRules,
} from '../core/internal.ts';
import { DPOP_KEY } from './dpop.ts';

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
  /** Who hears of calls to Keycloak: see `VerifierOptions.observers`. Default none. */
  readonly observers?: readonly CallObserver[] | undefined;
  /** Replaces the global `fetch`. */
  readonly fetch?: typeof fetch | undefined;
}

export const CLIENT_RULES = {
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
