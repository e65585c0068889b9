import type { DpopKey } from '../client/internal.ts';
import { OptionsError, type TokenVerifier, type Verifier } from '../core/index.ts';
import {
  ANY_AUDIENCE,
  checkOptions,
  isOrigin,
  type OptionRules,
  optionRules,
  partsOf,
} from '../core/internal.ts';

/** The purpose of a token in the name of a caller. */
export interface TokenForOptions {
  /** Client id of the service that is called: it is in `aud` of the token, and no other is. */
  readonly audience: string;
  /** Scopes to ask for, separated by one space: often one that brings the audience. Default: the client's default scopes. */
  readonly scope?: string | undefined;
}

/** The purpose of a token in the application's own name. */
export interface TokenAsOptions {
  /** Client id of the service that is called: a token without it in `aud` is not sent. Default: any. */
  readonly audience?: string | undefined;
  /** Scopes to ask for, separated by one space. Default: the client's default scopes. */
  readonly scope?: string | undefined;
}

/** The service that is called. */
export interface OriginOptions {
  /** Scheme, host and port of the service, for example `https://orders.internal`. The token goes nowhere else. */
  readonly origin: string;
  /** Bound on each call, with its answer. Unit: milliseconds, 100 to 600,000. Default 10,000. */
  readonly timeoutMs?: number | undefined;
  /**
   * Binds the tokens to a key that is made in this process and never leaves it (DPoP, RFC 9449), so a stolen token is useless. The
   * service has to accept proofs; Keycloak binds tokens from version 26.4. Default false.
   */
  readonly dpop?: boolean | undefined;
  /** Replaces the global `fetch`. */
  readonly fetch?: typeof fetch | undefined;
}

/** Options of `fetchFor`. */
export interface FetchForOptions extends OriginOptions, TokenForOptions {}
/** Options of `fetchAs`. */
export interface FetchAsOptions extends OriginOptions, TokenAsOptions {}

/** A service that is called, and what its tokens must be. */
export type Target<O extends TokenAsOptions> = O & Pick<OriginOptions, 'dpop'>;

const AUDIENCE = optionRules.string('must be the client id of the service that is called', "'orders'");
const ORIGIN: OptionRules<OriginOptions> = {
  origin: optionRules.required({
    rule: 'must be an http or https URL without path, query or credentials',
    example: "'https://orders.internal'",
    accepts: (value) => optionRules.isPlainUrl(value) && isOrigin(value),
  }),
  timeoutMs: optionRules.whole(100, 600_000, 10_000),
  dpop: optionRules.trueOrFalse(false),
  fetch: optionRules.FETCH,
};
const TOKEN_AS: OptionRules<TokenAsOptions> = { audience: AUDIENCE, scope: optionRules.SCOPES };
const TOKEN_FOR: OptionRules<TokenForOptions> = {
  audience: optionRules.required(AUDIENCE),
  scope: optionRules.SCOPES,
};

/** The realms in which an application calls. */
interface Realms {
  readonly verifier: TokenVerifier<object>;
  /** Each call finds its realm. */
  readonly isOfTenants: boolean;
}

const toCheck =
  <O extends object>(rules: OptionRules<O>, assertRealms: (subject: string, realms: Realms) => void) =>
  (subject: string, options: O, realms: Realms): void => {
    checkOptions(subject, options, rules);
    assertRealms(subject, realms);
  };

/**
 * Checks calls before the code that makes them is loaded, so a missing option stops the start. The subject is the function as its
 * caller wrote it.
 *
 * @throws {OptionsError}
 */
export const check = {
  tokenAs: toCheck(TOKEN_AS, assertOneRealm),
  tokenFor: toCheck(TOKEN_FOR, assertForCallers),
  fetchAs: toCheck<FetchAsOptions>({ ...ORIGIN, ...TOKEN_AS }, assertOneRealm),
  fetchFor: toCheck<FetchForOptions>({ ...ORIGIN, ...TOKEN_FOR }, assertForCallers),
};

function assertOneRealm(subject: string, { verifier, isOfTenants }: Realms): void {
  if (isOfTenants) return;
  const [one, ...others] = verifier.members;
  if (one === undefined || others.length > 0) {
    const rule = 'must be of one realm where calls are made in the own name of the application';
    throw new OptionsError(subject, [{ option: 'verifier', rule, example: 'createVerifier(…)' }]);
  }
  assertCredential(subject, one);
}

function assertForCallers(subject: string, { verifier }: Realms): void {
  assertOwnAudience(subject, verifier);
  for (const one of verifier.members) assertCredential(subject, one);
}

/** @throws {OptionsError} if the client of the verifier cannot prove who it is */
export function assertCredential(subject: string, verifier: Pick<Verifier<object>, 'clientId'>): void {
  if ((partsOf(verifier)?.credential.kind ?? 'none') !== 'none') return;
  const rule = `must be an option of the guard, so that ${verifier.clientId} gets tokens for others`;
  const example = "credential: { tokenFile: '/var/run/secrets/keycloak/token' }, or clientSecret";
  throw new OptionsError(subject, [{ option: 'credential', rule, example }]);
}

/**
 * An exchanged token names this client in `azp`, and a verifier without `audience` takes it for that: the service that got it
 * could send it back, be let in as the user, and have it exchanged again, for as long as the user is signed in.
 *
 * @throws {OptionsError} if a verifier does not demand an audience
 */
export function assertOwnAudience(subject: string, verifier: TokenVerifier<object>): void {
  for (const { context, clientId } of verifier.members) {
    const { audience } = context.options;
    if (audience !== undefined && audience !== ANY_AUDIENCE) continue;
    const rule = `must be an option of the guard where calls are made in the name of callers: without it, the tokens that ${clientId} gets for others are accepted here`;
    throw new OptionsError(subject, [{ option: 'audience', rule, example: `audience: '${clientId}'` }]);
  }
}

/** Where the token of a call comes from. */
export interface TokenSource {
  /** To which its tokens are bound, if they are (RFC 9449). */
  readonly key?: DpopKey | undefined;
  /** Rejects with an `AuthError` if there is none. */
  get(): Promise<string>;
  /** The service that was called refused this one: `get` asks for another, unless it has only just been issued. */
  drop(token: string): void;
}
