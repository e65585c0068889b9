import { readCompactJws } from './compact-jws.ts';
import { AuthError, OptionsError } from './errors.ts';
import type { Discovery, Issuer } from './issuer.ts';
import type { Claims, Principal } from './principal.ts';
import { describeClaim } from './registered-claims.ts';
import type { TokenVerifier, Verifier } from './verifier.ts';

/**
 * Accepts tokens of several realms or servers: each token is verified by the one verifier whose issuer it names,
 * with that realm's keys and rules. `principal.issuer` tells where a caller comes from; a subject is unique only
 * together with it (RFC 7519 §4.1.2).
 *
 * @throws {OptionsError} for an empty list
 * @example
 * const verifier = combineVerifiers([createVerifier(staff), createVerifier(customers)]);
 */
export function combineVerifiers<C extends object = Claims>(
  members: readonly Verifier<C>[],
): TokenVerifier<C> {
  const first = members[0];
  if (first === undefined) {
    throw new OptionsError('combineVerifiers', [
      {
        option: 'members',
        rule: 'must be a list of verifiers that is not empty',
        example: '[createVerifier(…)]',
      },
    ]);
  }

  async function verifyByIssuer(token: string): Promise<Principal<C>> {
    return (await selectByIssuer(members, token)).verify(token);
  }

  return {
    members,
    clientId: first.clientId,
    verify(token) {
      for (const member of members) {
        if (member.isKnown(token)) return member.verify(token);
      }
      return verifyByIssuer(token);
    },
    async load() {
      await Promise.all(members.map((member) => member.load()));
    },
    async close() {
      await Promise.all(members.map((member) => member.close()));
    },
  };
}

/**
 * The verifier whose issuer a JWT names. The name is not verified yet: it only decides whose keys may do that.
 *
 * @throws {AuthError} `token_malformed`, `token_issuer`, or `provider_unavailable` while an issuer is not known yet
 */
export async function selectByIssuer<C extends object>(
  members: readonly Verifier<C>[],
  jwt: string,
): Promise<Verifier<C>> {
  if (members.length === 1) return members[0] as Verifier<C>;
  const named = describeClaim(readCompactJws(jwt).payload().iss);
  const isNamed = (member: Verifier<C>) => member.issuer.current?.issuer === named;
  const known = members.find(isNamed);
  if (known !== undefined) return known;
  // Asked at once, and only those that are not known yet: a realm that is down holds nobody else's tokens up.
  const unknown = members.filter((member) => member.issuer.current === null);
  const answers = await Promise.allSettled(unknown.map((member) => discoverRarely(member.issuer)));
  const found = members.find(isNamed);
  if (found !== undefined) return found;
  const outage = answers.find((answer) => answer.status === 'rejected');
  // It may be the one that could not be asked.
  if (outage !== undefined) throw outage.reason;
  const issuers = members.map((member) => member.issuer.current?.issuer);
  throw new AuthError('token_issuer', 'The token is of another issuer', {
    expected: `iss ${issuers.join(' or ')}`,
    seen: `iss ${named}`,
  });
}

/** Anybody can send a token that names no issuer known: they cost a realm that cannot be asked no more than this. */
const COOLDOWN_MS = 5_000;
const failures = new WeakMap<Issuer, { readonly error: unknown; readonly at: number }>();

async function discoverRarely(issuer: Issuer): Promise<Discovery> {
  const failure = failures.get(issuer);
  if (failure !== undefined && performance.now() - failure.at < COOLDOWN_MS) throw failure.error;
  return issuer.discover().catch((error: unknown) => {
    failures.set(issuer, { error, at: performance.now() });
    throw error;
  });
}
