import { CLIENT_CERTIFICATE, type ClientCertificateSource } from './binding/client-certificate.ts';
import {
  DPOP,
  type DpopMode,
  type DpopOptions,
  type ResolvedDpopOptions,
  resolveDpopOptions,
} from './binding/dpop-options.ts';
import type { Credential, CredentialOptions } from './credential/credential.ts';
import { CREDENTIAL_RULES, toCredential } from './credential/make-credential.ts';
import { ACR_LEVELS, type AcrLevels } from './guards/sign-in.ts';
import { OptionsError } from './http/errors.ts';
import { ALGORITHMS } from './jwt/signature.ts';
import type { Observer } from './observer.ts';
import { type Filled, fillOptions, type OptionRule, type OptionRules } from './options/check-options.ts';
import {
  between,
  CLOCK,
  CLOCK_TOLERANCE_SECONDS,
  callable,
  FETCH,
  having,
  ISSUER,
  isTrimmed,
  NOTICE_LISTENER,
  oneOf,
  PUBLIC_URL,
  REALM,
  required,
  SERVER_URL,
  string,
  TIMEOUT_MS,
  trueOrFalse,
  whole,
} from './options/option-rules.ts';
import type { Claims } from './principal/principal.ts';
import type { TenantKind } from './principal/to-principal.ts';
import { OBSERVERS, observeFetch } from './realm/observed-fetch.ts';
import type { RevocationStore } from './revocation/revocation-store.ts';
import { createNoticeLines, type Notice, toSafeListener } from './runtime/notice.ts';
import { ANY_AUDIENCE, type TokenCheck } from './token/verify.ts';

/** Options of {@link createVerifier}. */
export interface VerifierOptions<C extends object = Claims> {
  /** Keycloak's address as this process reaches it, with or without a path such as `/auth`. */
  readonly serverUrl: string;
  /** Name of the realm, in its exact case. */
  readonly realm: string;
  /** Client id of this API in Keycloak. */
  readonly clientId: string;
  /**
   * Exact issuer of the realm (`iss`). If Keycloak's discovery document names another one, no token is accepted. Set it for
   * each of several realms, so that none can claim another's name. Set it to Keycloak's public address if Keycloak has no
   * `KC_HOSTNAME` and is called here by another name than by its users (`http://keycloak:8080` in a container). Such a
   * Keycloak cannot be asked about tokens (`tokenCheck`); a notice says so. Default: what the document says.
   */
  readonly issuer?: string | undefined;
  /** Secret of that client: the short form of `credential: { secret }`. */
  readonly clientSecret?: string | undefined;
  /**
   * How this application proves to Keycloak that it is that client: a secret, a key, a token file or a certificate. Without
   * one, a public client, tokens are rechecked by userinfo alone, which needs the scope `openid`.
   */
  readonly credential?: CredentialOptions | Credential | undefined;
  /**
   * Audience that a token must have, or a list, one of which it must have. With it, the client that a token was issued to
   * (`azp`) no longer counts. Default: `aud` contains `clientId`, or `azp` is `clientId`.
   */
  readonly audience?: string | readonly string[] | undefined;
  /**
   * `local`: signature and claims only. `recheck`: asks Keycloak about a token in use when the last answer is
   * `recheckSeconds` old. `remote`: asks Keycloak on every request. Default `recheck`.
   */
  readonly tokenCheck?: TokenCheck | undefined;
  /** The longest time that an answer of Keycloak counts. Unit: seconds, 1 to 3600. Default 30. */
  readonly recheckSeconds?: number | undefined;
  /**
   * With `recheck`, for a token with a valid signature if Keycloak does not answer, refuses to, or cannot be asked about it:
   * `accept` it until it expires, or `refuse` it with 503, or 500 if the set-up is wrong. Default `accept`. Where this application
   * itself cannot ask, as when its code cannot be loaded, it is 500 in any case.
   */
  readonly whenUnavailable?: 'accept' | 'refuse' | undefined;
  /** Most verified tokens kept in memory, of 4 KiB on average; fewer of longer ones. 0 keeps none. Default 10,000. */
  readonly maxCachedTokens?: number | undefined;
  /** Tolerated difference between the clocks here and at Keycloak. Unit: seconds, 0 to 300. Default 5. */
  readonly clockToleranceSeconds?: number | undefined;
  /** Time limit of each call to Keycloak. Unit: whole milliseconds, 100 to 60,000. Default 5,000. */
  readonly timeoutMs?: number | undefined;
  /** Accepted signature algorithms. `none` and `HS*` cannot be among them. Default: every asymmetric one. */
  readonly algorithms?: readonly string[] | undefined;
  /**
   * Asks Keycloak for the claims that a lightweight token lacks, and replaces them with each new answer. False: claims are
   * those that were signed. Default true.
   */
  readonly fillClaims?: boolean | undefined;
  /**
   * Checks and types the claims of every new token, and again when Keycloak adds some. It gets a copy, which it may change:
   * roles, scopes and checks still use the token's claims. If it throws or does not return an object, the token is invalid;
   * so it cannot be asynchronous. Its result is frozen deeply.
   */
  readonly parseClaims?: ((claims: Claims) => C) | undefined;
  /**
   * Whether tokens may be bound to a key of their client: `off`, `accepted` or `required`, or {@link DpopOptions}. A route
   * may say otherwise. Default `off`.
   */
  readonly dpop?: DpopMode | DpopOptions | undefined;
  /**
   * Where clients reach this API, for example `https://api.example.com`; may have a path. DPoP proofs must name it. Set it,
   * above all behind a proxy: without it, a request with the name of another server in it can carry a proof for that server.
   * Default: scheme and host of each request.
   */
  readonly publicUrl?: string | undefined;
  /**
   * Where the certificates of clients come from, for tokens that are bound to one (RFC 8705): `off`, `connection`, or the
   * {@link CertificateHeader} of a proxy. With `off` such tokens are refused. Default `off`.
   */
  readonly clientCertificate?: ClientCertificateSource | undefined;
  /**
   * The numbers of Keycloak's "ACR to LoA Mapping", for guards with `acr`. Then a stronger sign-in is enough too, and a number
   * counts as its name. Default: a guard accepts only the values that it names.
   */
  readonly acrLevels?: AcrLevels | undefined;
  /**
   * `organizations`: the organizations of the realm are the tenants, and `tenant` in a requirement and in `principal` is the
   * alias of one. Default: the application has no tenants.
   */
  readonly tenants?: 'organizations' | undefined;
  /** Shares revocations and used DPoP proofs with other processes. Default: this process alone. */
  readonly revocationStore?: RevocationStore | undefined;
  /**
   * Called with notices for the operator: keys loaded, Keycloak down, Keycloak back. `false`: none. Its errors are dropped.
   * Default: a line on the standard error output when something is wrong, and one when it is over; on Fastify `app.log`.
   */
  readonly onNotice?: ((notice: Notice) => void) | false | undefined;
  /**
   * Observers of token checks, calls to Keycloak and security events: metrics (`keycloak-guard/prometheus`), metrics and traces
   * (`keycloak-guard/opentelemetry`), an audit log (`keycloak-guard/audit`). Default none.
   */
  readonly observers?: readonly Observer[] | undefined;
  /** Time now. Unit: milliseconds since 1970. Default: `Date.now`. */
  readonly clock?: (() => number) | undefined;
  /** Called instead of the global `fetch`. Default: the global one. */
  readonly fetch?: typeof fetch | undefined;
}

const TENANTS: OptionRule = {
  rule: "must be 'organizations'",
  example: "'organizations'",
  accepts: (value) => value === 'organizations',
};

/** The rules for the options of a verifier. */
export const VERIFIER_RULES = {
  serverUrl: SERVER_URL,
  realm: REALM,
  clientId: required(string('must be the client id of this API', "'my-api'")),
  issuer: ISSUER,
  ...CREDENTIAL_RULES,
  audience: {
    rule: 'must be a string, or a list of strings that is not empty',
    example: "'my-api'",
    accepts: (value) =>
      value === ANY_AUDIENCE ||
      isTrimmed(value) ||
      (Array.isArray(value) && value.length > 0 && value.every(isTrimmed)),
  },
  tokenCheck: oneOf('recheck', 'local', 'remote'),
  recheckSeconds: between(1, 3600, 30),
  whenUnavailable: oneOf('accept', 'refuse'),
  maxCachedTokens: whole(0, 10_000_000, 10_000),
  clockToleranceSeconds: CLOCK_TOLERANCE_SECONDS,
  timeoutMs: TIMEOUT_MS,
  algorithms: {
    rule: `must be a list that is not empty, of ${ALGORITHMS.join(', ')}`,
    example: "['RS256']",
    accepts: (value) =>
      Array.isArray(value) && value.length > 0 && value.every((one) => ALGORITHMS.includes(one as string)),
    default: ALGORITHMS,
  },
  fillClaims: trueOrFalse(true),
  parseClaims: callable('(claims) => MyClaims.parse(claims)'),
  dpop: DPOP,
  publicUrl: PUBLIC_URL,
  clientCertificate: CLIENT_CERTIFICATE,
  acrLevels: ACR_LEVELS,
  tenants: TENANTS,
  revocationStore: having(
    'a RevocationStore',
    ['add', 'subscribe', 'useOnce'],
    'createMemoryRevocationStore()',
  ),
  onNotice: NOTICE_LISTENER,
  observers: { ...OBSERVERS, default: [] as readonly Observer[] },
  clock: CLOCK,
  fetch: FETCH,
} satisfies OptionRules<VerifierOptions>;

/** {@link VerifierOptions} with every default filled in. */
export interface ResolvedOptions<C extends object = Claims>
  extends Omit<
    Filled<VerifierOptions<C>, typeof VERIFIER_RULES>,
    'clientSecret' | 'credential' | 'audience' | 'algorithms' | 'dpop' | 'tenants' | 'onNotice'
  > {
  readonly tenants: TenantKind;
  readonly credential: Credential;
  readonly audience: readonly string[] | typeof ANY_AUDIENCE | undefined;
  readonly algorithms: ReadonlySet<string>;
  readonly dpop: ResolvedDpopOptions;
  readonly onNotice: (notice: Notice) => void;
}

/**
 * Checks options and fills in the defaults.
 *
 * @param tenant name of the tenant whose realm it is, where each has one
 * @throws {OptionsError} naming every option that is missing, wrong or unknown
 */
export function resolveOptions<C extends object>(
  options: VerifierOptions<C>,
  tenant?: string,
): ResolvedOptions<C> {
  const {
    clientSecret,
    credential: credentialOption,
    tenants,
    ...filled
  } = fillOptions('createVerifier', options, VERIFIER_RULES);
  const { serverUrl, realm, clientId, audience, clock } = filled;
  const dpop = resolveDpopOptions(filled.dpop);
  if (dpop.mode !== 'off' && filled.revocationStore && !filled.revocationStore.useProofOnce) {
    const rule = 'must have the method useProofOnce if dpop is on';
    throw new OptionsError('createVerifier', [
      { option: 'revocationStore', rule, example: 'createRedisRevocationStore(…)' },
    ]);
  }
  const onNotice = toSafeListener(filled.onNotice ?? createNoticeLines(`${serverUrl}, realm ${realm}`));
  return Object.freeze({
    ...filled,
    fetch: observeFetch(filled.fetch, filled.observers),
    credential: toCredential(
      'createVerifier',
      { clientSecret, credential: credentialOption },
      { clientId, onNotice, clock },
    ),
    audience: typeof audience === 'string' ? [audience] : audience,
    algorithms: new Set(filled.algorithms),
    dpop,
    tenants: tenants ?? (tenant === undefined ? undefined : { name: tenant }),
    onNotice,
  });
}
