import { ClientError, type KeycloakClient, type Tokens } from '../client/index.ts';
import {
  type ClientContext,
  contextOfVerifier,
  createDpopKey,
  isBound,
  toAuthError,
  toClient,
} from '../client/internal.ts';
import { AuthError, type Principal, type Verifier } from '../core/index.ts';
import {
  type BoundedCache,
  createBoundedCache,
  createCallSlots,
  createSingleFlight,
  getOrMake,
  partsOf,
  personOf,
  readCompactJws,
  type SingleFlight,
} from '../core/internal.ts';
import {
  assertCredential,
  type Target,
  type TokenAsOptions,
  type TokenForOptions,
  type TokenSource,
} from './options.ts';

/** The token of an admitted caller. */
export interface Subject {
  readonly token: string;
  /** The verifier's result, just now. */
  readonly principal: Principal<object>;
}

/** Most people whose tokens are kept, and most tokens of one of them. */
const MOST_PEOPLE = 10_000;
const MOST_OF_ONE = 16;
/** All are forgotten once so much was kept: a realm may answer with tokens of any length. Unit: characters. */
const MOST_KEPT = 100_000_000;
/** Exchanges at a time; one user gets an eighth of them. */
const MOST_CALLS = 64;
/** How long a token is kept without rechecks of its subject's session. Unit: milliseconds. */
const UNCHECKED_MS = 60_000;
/** It must still be valid on arrival. Unit: milliseconds. */
const ON_THE_WAY_MS = 2_000;

interface Kept {
  readonly token: string;
  readonly keptAt: number;
  /** Unit: milliseconds since 1970. */
  readonly until: number;
}

interface Person {
  readonly kept: BoundedCache<Kept>;
  readonly once: SingleFlight<string>;
}

/**
 * Tokens for other services in the name of users, each kept for one subject token, audience and scope.
 *
 * @param exchange asks Keycloak; rejects with an `AuthError`
 */
export function createUserTokens(
  verifier: Verifier<object>,
  exchange: (subjectToken: string, target: Target<TokenForOptions>) => Promise<Tokens>,
) {
  const { clock, clockToleranceSeconds } = verifier.context.options;
  const { timeoutMs = 5_000, tokenCheck } = partsOf(verifier) ?? {};
  const longestMs = tokenCheck === 'local' ? UNCHECKED_MS : Number.POSITIVE_INFINITY;
  const people = createBoundedCache<Person>(MOST_PEOPLE);
  const slots = createCallSlots(MOST_CALLS, timeoutMs);
  let size = 0;

  function personFor(principal: Principal<object>): Person {
    const make = () => ({ kept: createBoundedCache<Kept>(MOST_OF_ONE), once: createSingleFlight<string>() });
    return getOrMake<string, Person>(people, personOf(principal as Principal), make);
  }

  /** One user who asks for much waits for themselves. */
  async function inTurn<T>(principal: Principal<object>, call: () => Promise<T>): Promise<T> {
    const who = personOf(principal as Principal);
    if (!(await slots.enter(who))) {
      throw new AuthError('provider_unavailable', 'Too many tokens are being exchanged at the same time');
    }
    try {
      return await call();
    } finally {
      slots.leave(who);
    }
  }

  async function ask(
    person: Person,
    key: string,
    subject: Subject,
    target: Target<TokenForOptions>,
  ): Promise<string> {
    const sentAt = clock();
    const { accessToken, expiresInSeconds } = await inTurn(subject.principal, () =>
      exchange(subject.token, target),
    );
    const exp = readExpiry(accessToken, subject, target);
    if (exp !== undefined && exp + clockToleranceSeconds <= clock() / 1000) {
      throw new AuthError('provider_answer_invalid', 'The token that Keycloak exchanged has expired already');
    }
    const saidMs = Math.min(
      (expiresInSeconds ?? 0) * 1000,
      exp === undefined ? longestMs : exp * 1000 - sentAt,
    );
    const lifetimeMs = Math.max(0, Math.min(saidMs, longestMs));
    const until = sentAt + lifetimeMs - Math.min(ON_THE_WAY_MS, lifetimeMs / 2);
    size += key.length + accessToken.length;
    if (size > MOST_KEPT) {
      people.clear();
      size = 0;
    }
    person.kept.set(key, { token: accessToken, keptAt: clock(), until });
    return accessToken;
  }

  return {
    sourceOf(subject: Subject, target: Target<TokenForOptions>): TokenSource {
      const { token, principal } = subject;
      const person = personFor(principal);
      // The token itself: what another session, or another client of the same user, may do can be something else.
      const key = JSON.stringify([token, target.audience, target.scope, target.dpop]);
      return {
        async get() {
          // By its exact `exp`, without the clock tolerance: no token outlives its subject token.
          if (clock() >= principal.expiresAt * 1000) {
            throw new AuthError(
              'token_expired',
              'The token of the caller has expired, so it is not exchanged',
            );
          }
          assertNoLoop(subject, target);
          const kept = person.kept.get(key);
          return kept !== undefined && clock() < kept.until
            ? kept.token
            : person.once(key, () => ask(person, key, subject, target));
        },
        drop(refused) {
          const kept = person.kept.get(key);
          if (kept?.token === refused && Math.abs(clock() - kept.keptAt) >= MIN_AGE_MS)
            person.kept.delete(key);
        },
      };
    },
  };
}

/**
 * A service that gets an exchanged token, exchanges it and calls back would keep a user's token alive
 * for ever: each exchange has a new lifetime at Keycloak (CVE-2026-96460). Only `jti` says that a token was exchanged.
 */
function assertNoLoop({ token, principal }: Subject, { audience }: TokenForOptions): void {
  const { jti } = readCompactJws(token).payload();
  if (principal.authorizedParty !== audience || typeof jti !== 'string' || !/^\w{4}te:/.test(jti)) return;
  throw new AuthError(
    'permission_denied',
    `A token that ${audience} has exchanged is not exchanged for ${audience} again`,
  );
}

/**
 * Checks that Keycloak's answer has the requested user and audience. Lightweight tokens do not say.
 *
 * @returns when it expires. Unit: seconds since 1970
 */
function readExpiry(
  accessToken: string,
  { principal }: Subject,
  { audience }: TokenForOptions,
): number | undefined {
  const { sub, aud, exp } = readIssued(accessToken);
  const isOfOther = sub !== undefined && principal.subject !== null && sub !== principal.subject;
  const isForOther = aud !== undefined && ![aud].flat().includes(audience);
  if (!isOfOther && !isForOther) return typeof exp === 'number' ? exp : undefined;
  throw new AuthError(
    'provider_misconfigured',
    'Keycloak exchanged a token for that of another user or audience',
  );
}

/** The application as the client of one realm. */
export type RealmClient = ReturnType<typeof createRealmClient>;

/** @throws {OptionsError} if the client of the verifier cannot prove who it is */
export function createRealmClient(subject: string, verifier: Verifier<object>) {
  assertCredential(subject, verifier);
  const context = contextOfVerifier(verifier) as ClientContext;
  const { clientId } = verifier;
  const ask = createReportedCall(verifier);
  const key = createDpopKey(true, context.issuer);
  const plain = toClient(context);
  const bound = toClient({ ...context, dpop: key });
  const clientOf = ({ dpop }: Target<TokenAsOptions>) => (dpop ? bound : plain);
  const keyOf = ({ dpop }: Target<TokenAsOptions>) => (dpop ? key : undefined);

  const users = createUserTokens(verifier, async (subjectToken, target) => {
    const { audience, scope } = target;
    const tokens = await ask(() => clientOf(target).exchange({ subjectToken, audience, scope }));
    assertBound(tokens.accessToken, target, clientId);
    return tokens;
  });
  const ownTokens = new Map<string, ReturnType<KeycloakClient['serviceToken']>>();

  return {
    /** Tokens in the name of a user. */
    for: (subject: Subject, target: Target<TokenForOptions>): TokenSource => ({
      ...users.sourceOf(subject, target),
      key: keyOf(target),
    }),
    /** A token in its own name, shared by all who ask for the same scopes. */
    own(target: Target<TokenAsOptions>): TokenSource {
      const { scope, audience, dpop } = target;
      const name = JSON.stringify([scope, dpop]);
      const token =
        ownTokens.get(name) ?? clientOf(target).serviceToken(scope === undefined ? {} : { scope });
      ownTokens.set(name, token);
      return {
        key: keyOf(target),
        async get() {
          const accessToken = await ask(token.getAccessToken);
          if (audience !== undefined) assertFor(accessToken, audience, clientId);
          assertBound(accessToken, target, clientId);
          return accessToken;
        },
        drop: (refused) => token.drop(refused, MIN_AGE_MS),
      };
    },
  };
}

/** Reports a fault once, by the verifier's rules for outages, and turns it into a refusal. */
function createReportedCall(verifier: Verifier<object>): <T>(call: () => Promise<T>) => Promise<T> {
  let reported: string | undefined;
  return async (call) => {
    try {
      const answer = await call();
      reported = undefined;
      if (verifier.outage.isFailing('calls')) verifier.outage.answered('calls');
      return answer;
    } catch (error) {
      if (!(error instanceof ClientError)) throw error;
      const refusal = toAuthError(error) as AuthError;
      const { id, cause, fix, kind } = error.diagnosis;
      if (kind === 'provider_unavailable') verifier.outage.failed('calls', refusal);
      else if (kind === 'client_misconfigured' && reported !== id) {
        reported = id;
        verifier.notify({ level: 'error', code: 'calling_refused', message: cause, fix });
      }
      throw refusal;
    }
  };
}

/** Withholds a token that the service would refuse. Lightweight tokens do not name their audience. */
function assertFor(token: string, audience: string, clientId: string): void {
  const { aud } = readIssued(token);
  if (aud === undefined || [aud].flat().includes(audience)) return;
  throw new AuthError(
    'provider_misconfigured',
    `The token of ${clientId} is not for ${audience}: give the client a scope with an Audience mapper for ${audience}, and request that scope`,
  );
}

/** A proof says nothing about a token that is bound to no key: a thief could use it. */
function assertBound(token: string, { dpop }: Target<TokenAsOptions>, clientId: string): void {
  if (!dpop || isBound(token)) return;
  throw new AuthError(
    'provider_misconfigured',
    `Keycloak bound the token of ${clientId} to no key: DPoP needs Keycloak 26.4, or its feature dpop`,
  );
}

/**
 * The claims of a token that Keycloak has just issued, not verified.
 *
 * @throws {AuthError} `provider_answer_invalid` if it is no JWT: that is not the caller's fault
 */
function readIssued(token: string): Readonly<Record<string, unknown>> {
  try {
    return readCompactJws(token).payload();
  } catch (cause) {
    throw new AuthError('provider_answer_invalid', 'Keycloak issued an access token that is no JWT', {
      cause,
    });
  }
}

/** A token that is younger is not asked for again: the next one would be refused as well. Unit: milliseconds. */
const MIN_AGE_MS = 5_000;
