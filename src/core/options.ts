import { type OptionProblem, OptionsError } from './errors.ts';
import type { Claims } from './principal.ts';
import type { RevocationStore } from './revocation.ts';
import { ALGORITHMS } from './signature.ts';

/** How often Keycloak is asked about a token whose signature is good. */
export type TokenCheck = 'local' | 'recheck' | 'remote';

/**
 * Something the operator should know. Notices are rare (never one per request) and hold no secret.
 * Every `code` is stable and explained in `docs/errors.md`.
 */
export interface Notice {
  readonly level: 'info' | 'warn' | 'error';
  readonly code:
    | 'keys_loaded'
    | 'keys_unavailable'
    | 'key_ignored'
    | 'issuer_conflict'
    | 'recheck_impossible'
    | 'recheck_misconfigured'
    | 'provider_unavailable'
    | 'provider_back';
  readonly message: string;
}

/** Options of {@link createVerifier}. */
export interface VerifierOptions<C extends object = Claims> {
  /** Keycloak's address as this process reaches it, with or without a path such as `/auth`. */
  readonly serverUrl: string;
  /** Name of the realm, in its exact case. */
  readonly realm: string;
  /** Client id of this API in Keycloak. */
  readonly clientId: string;
  /**
   * Exact issuer of the realm (`iss`): where Keycloak's discovery document names another one, no token is accepted.
   * Set it for each of several realms, so that none can speak for another. Default: what the document says.
   */
  readonly issuer?: string | undefined;
  /** Secret of that client. Without one, introspection is never used. */
  readonly clientSecret?: string | undefined;
  /**
   * Audience a token must have (one of them, where several are given); then the client a token was issued to
   * (`azp`) no longer counts. Default: `aud` contains `clientId`, or `azp` is `clientId`.
   */
  readonly audience?: string | readonly string[] | undefined;
  /**
   * `local`: signature and claims only. `recheck`: Keycloak is asked again about a token in use, at most
   * `recheckSeconds` old. `remote`: Keycloak is asked on every request. Default `recheck`.
   */
  readonly tokenCheck?: TokenCheck | undefined;
  /** Longest time a token is trusted, from one question to Keycloak to the next. Unit: seconds, 1 to 3600. Default 30. */
  readonly recheckSeconds?: number | undefined;
  /**
   * With `recheck`, when Keycloak does not answer, refuses to, or cannot be asked about a token: `accept` what has a good
   * signature until it expires, or `refuse` with 503, or 500 where the set-up is wrong. Default `accept`.
   */
  readonly whenUnavailable?: 'accept' | 'refuse' | undefined;
  /** Most verified tokens kept in memory, about 4 KiB each. 0 keeps none. Default 10,000. */
  readonly maxCachedTokens?: number | undefined;
  /** Tolerated difference between the clocks here and at Keycloak. Unit: seconds, 0 to 300. Default 5. */
  readonly clockToleranceSeconds?: number | undefined;
  /** Bound on every call to Keycloak. Unit: whole milliseconds, 100 to 60,000. Default 5,000. */
  readonly timeoutMs?: number | undefined;
  /** How often the keys are fetched anew, in the background. Unit: seconds, 10 to 86,400. Default 60. */
  readonly keysMaxAgeSeconds?: number | undefined;
  /** Signature algorithms that are accepted. Only asymmetric ones are possible. Default: all of them. */
  readonly algorithms?: readonly string[] | undefined;
  /**
   * Asks Keycloak for the claims that a token lacks (lightweight tokens), and takes them over anew from each answer.
   * False: claims are as signed. Default true.
   */
  readonly fillClaims?: boolean | undefined;
  /**
   * Checks and types the claims of every new token, and again when Keycloak adds others. It gets a copy, which it may
   * change: roles, scopes and what is judged are still those of the token. What it throws makes the token invalid, and
   * so does what is no object: it cannot be asynchronous. What it returns is frozen, plain objects and lists in it too.
   */
  readonly parseClaims?: ((claims: Claims) => C) | undefined;
  /** Where revocations are shared with other processes. Default: this process alone. */
  readonly revocationStore?: RevocationStore | undefined;
  /** Called with what the operator should know. What it throws or rejects with is dropped. Default: nobody is told. */
  readonly onNotice?: ((notice: Notice) => void) | undefined;
  /** Time now. Unit: milliseconds since 1970. Default `Date.now`. */
  readonly clock?: (() => number) | undefined;
  /** Replaces the global `fetch` for calls to Keycloak. */
  readonly fetch?: typeof fetch | undefined;
}

/** {@link VerifierOptions} with every default filled in. */
export interface ResolvedOptions<C extends object = Claims> {
  readonly serverUrl: string;
  readonly realm: string;
  readonly clientId: string;
  readonly issuer: string | undefined;
  readonly clientSecret: string | undefined;
  readonly audience: readonly string[] | undefined;
  readonly tokenCheck: TokenCheck;
  readonly recheckSeconds: number;
  readonly whenUnavailable: 'accept' | 'refuse';
  readonly maxCachedTokens: number;
  readonly clockToleranceSeconds: number;
  readonly timeoutMs: number;
  readonly keysMaxAgeSeconds: number;
  readonly algorithms: ReadonlySet<string>;
  readonly fillClaims: boolean;
  readonly parseClaims: ((claims: Claims) => C) | undefined;
  readonly revocationStore: RevocationStore | undefined;
  readonly onNotice: (notice: Notice) => void;
  readonly clock: () => number;
  readonly fetch: typeof fetch;
}

interface Rule {
  readonly rule: string;
  readonly example: string;
  readonly isMet: (value: unknown) => boolean;
}

const isText = (value: unknown): boolean =>
  typeof value === 'string' && value.trim() === value && value !== '';
const isFunction = (value: unknown): boolean => typeof value === 'function';
const oneOf = (...values: string[]): Rule => ({
  rule: `must be one of ${values.join(', ')}`,
  example: `'${values[0]}'`,
  isMet: (value) => values.includes(value as string),
});
const between = (low: number, high: number, example: number): Rule => ({
  rule: `must be a number from ${low} to ${high}`,
  example: String(example),
  isMet: (value) => typeof value === 'number' && value >= low && value <= high,
});
const whole = (low: number, high: number, example: number): Rule => ({
  rule: `must be a whole number from ${low} to ${high}`,
  example: String(example),
  isMet: (value) => Number.isInteger(value) && (value as number) >= low && (value as number) <= high,
});
const callable = (example: string): Rule => ({ rule: 'must be a function', example, isMet: isFunction });

const REQUIRED: Readonly<Record<string, Rule>> = {
  serverUrl: {
    rule: 'must be an http or https URL without query, fragment or credentials',
    example: "'https://sso.example.com'",
    isMet: isServerUrl,
  },
  realm: {
    rule: 'must be the name of a realm',
    example: "'testing'",
    isMet: (value) => isText(value) && !/[/?#\\]/.test(value as string) && !/^\.+$/.test(value as string),
  },
  clientId: { rule: 'must be the client id of this API', example: "'my-api'", isMet: isText },
};

const OPTIONAL: Readonly<Record<string, Rule>> = {
  issuer: {
    rule: 'must be the exact issuer of the realm, an http or https URL',
    example: "'https://sso.example.com/realms/testing'",
    isMet: isServerUrl,
  },
  clientSecret: { rule: 'must be a text without spaces around it', example: "'…'", isMet: isText },
  audience: {
    rule: 'must be a text, or a list of texts that is not empty',
    example: "'my-api'",
    isMet: (value) => isText(value) || (Array.isArray(value) && value.length > 0 && value.every(isText)),
  },
  tokenCheck: oneOf('recheck', 'local', 'remote'),
  recheckSeconds: between(1, 3600, 30),
  whenUnavailable: oneOf('accept', 'refuse'),
  maxCachedTokens: whole(0, 10_000_000, 10_000),
  clockToleranceSeconds: between(0, 300, 5),
  timeoutMs: whole(100, 60_000, 5_000),
  keysMaxAgeSeconds: between(10, 86_400, 60),
  algorithms: {
    rule: `must be a list that is not empty, of ${ALGORITHMS.join(', ')}`,
    example: "['RS256']",
    isMet: (value) =>
      Array.isArray(value) && value.length > 0 && value.every((one) => ALGORITHMS.includes(one as string)),
  },
  fillClaims: {
    rule: 'must be true or false',
    example: 'true',
    isMet: (value) => typeof value === 'boolean',
  },
  parseClaims: callable('(claims) => MyClaims.parse(claims)'),
  revocationStore: {
    rule: 'must be a RevocationStore',
    example: 'createMemoryRevocationStore()',
    isMet: isRevocationStore,
  },
  onNotice: callable('(notice) => log[notice.level](notice)'),
  clock: callable('Date.now'),
  fetch: callable('fetch'),
};

/**
 * Checks options and fills in the defaults.
 *
 * @throws {OptionsError} naming every option that is missing, wrong or unknown
 */
export function resolveOptions<C extends object>(options: VerifierOptions<C>): ResolvedOptions<C> {
  const problems = findProblems((options ?? {}) as unknown as Record<string, unknown>);
  if (problems.length > 0) throw new OptionsError('createVerifier', problems);
  return Object.freeze({
    serverUrl: options.serverUrl,
    realm: options.realm,
    clientId: options.clientId,
    issuer: options.issuer,
    clientSecret: options.clientSecret,
    audience: typeof options.audience === 'string' ? [options.audience] : options.audience,
    tokenCheck: options.tokenCheck ?? 'recheck',
    recheckSeconds: options.recheckSeconds ?? 30,
    whenUnavailable: options.whenUnavailable ?? 'accept',
    maxCachedTokens: options.maxCachedTokens ?? 10_000,
    clockToleranceSeconds: options.clockToleranceSeconds ?? 5,
    timeoutMs: options.timeoutMs ?? 5_000,
    keysMaxAgeSeconds: options.keysMaxAgeSeconds ?? 60,
    algorithms: new Set(options.algorithms ?? ALGORITHMS),
    fillClaims: options.fillClaims ?? true,
    parseClaims: options.parseClaims,
    revocationStore: options.revocationStore,
    onNotice: toSafeListener(options.onNotice),
    clock: options.clock ?? Date.now,
    fetch: options.fetch ?? fetch,
  });
}

function findProblems(options: Record<string, unknown>): OptionProblem[] {
  const problems: OptionProblem[] = [];
  for (const [option, rule] of Object.entries(REQUIRED)) {
    if (!rule.isMet(options[option])) problems.push({ option, rule: rule.rule, example: rule.example });
  }
  for (const [option, rule] of Object.entries(OPTIONAL)) {
    const value = options[option];
    if (value !== undefined && !rule.isMet(value))
      problems.push({ option, rule: rule.rule, example: rule.example });
  }
  for (const option of Object.keys(options)) {
    if (Object.hasOwn(REQUIRED, option) || Object.hasOwn(OPTIONAL, option)) continue;
    problems.push({ option, rule: 'is not an option', example: [...Object.keys(REQUIRED)].join(', ') });
  }
  return problems;
}

/** A log that fails must neither refuse a request nor end the process. */
function toSafeListener(onNotice: VerifierOptions['onNotice']): (notice: Notice) => void {
  return (notice) => {
    // There is nobody left to tell. An asynchronous one may reject, or be a promise of another make.
    try {
      Promise.resolve(onNotice?.(notice)).catch(() => {});
    } catch {}
  };
}

function isRevocationStore(value: unknown): boolean {
  const { add, subscribe, claim } = (value ?? {}) as Partial<Record<keyof RevocationStore, unknown>>;
  return isFunction(add) && isFunction(subscribe) && isFunction(claim);
}

function isServerUrl(value: unknown): boolean {
  if (!isText(value) || !URL.canParse(value as string)) return false;
  const url = new URL(value as string);
  return /^https?:$/.test(url.protocol) && url.search + url.hash + url.username + url.password === '';
}
