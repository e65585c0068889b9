import { AuthError } from './http/errors.ts';
import { type JsonObject, readCompactJws } from './jwt/compact-jws.ts';
import { describeClaim, hasAudience } from './jwt/registered-claims.ts';
import type { Discovery } from './realm/issuer.ts';
import { isForUs } from './token/verify.ts';
import type { Verifier } from './verifier.ts';

/** The issuer whose tokens a verifier takes; `undefined` while that is not known. */
export function issuerOf<C extends object>({ issuer }: Verifier<C>): string | undefined {
  return issuer.pinned ?? issuer.current?.issuer;
}

/**
 * The verifier whose issuer a JWT names, and of several APIs of one realm the one that it is for. What it says is not
 * verified yet: it only decides whose keys and rules may do that.
 *
 * A realm says itself what its issuer is, so one could claim the name of another. The verifier that has it by the option
 * `issuer` comes first, then the one at that very address (OpenID Connect Discovery 1.0 §4.3). Otherwise it must be the only
 * one that claims it, and every other realm must have been asked.
 *
 * @throws {AuthError} `token_malformed`, `token_issuer`, `provider_unavailable` while an issuer is not known yet,
 * `provider_misconfigured` where two realms say that it is theirs
 */
export async function selectByIssuer<C extends object>(
  members: readonly Verifier<C>[],
  jwt: string,
): Promise<Verifier<C>> {
  if (members.length === 1) return members[0] as Verifier<C>;
  const claims = readCompactJws(jwt).payload();
  return selectByAudience(await findOwners(members, describeClaim(claims.iss)), claims);
}

/**
 * The verifiers whose issuer it is, by the rule of {@link selectByIssuer}, and never none.
 *
 * @throws {AuthError} as {@link selectByIssuer} does
 */
export async function findOwners<C extends object>(
  members: readonly Verifier<C>[],
  named: string,
): Promise<readonly Verifier<C>[]> {
  const sure = ownersOf(members, named);
  if (sure.some((member) => isSure(member, named))) return sure;
  // Asked at once, and only those that are not known yet.
  const unknown = members.filter((member) => issuerOf(member) === undefined);
  const answers = await Promise.allSettled(unknown.map(discoverRarely));
  const owners = ownersOf(members, named);
  if (owners.some((member) => isSure(member, named))) return owners;
  const outage = answers.find((answer) => answer.status === 'rejected');
  // It may be the one that could not be asked.
  if (outage !== undefined) throw outage.reason;
  if (owners.length === 0) {
    throw new AuthError('token_issuer', 'The token is of another issuer', {
      expected: `iss ${members.map(issuerOf).join(' or ')}`,
      seen: `iss ${named}`,
    });
  }
  const conflict = findConflict(owners);
  if (conflict !== undefined) throw new AuthError('provider_misconfigured', conflict);
  return owners;
}

/** What is wrong with verifiers of one issuer that are of two realms; `undefined` where they are of one. */
export function findConflict<C extends object>(owners: readonly Verifier<C>[]): string | undefined {
  const [first, second] = new Set(owners.map(({ issuer }) => issuer.baseUrl));
  if (first === undefined || second === undefined) return undefined;
  return `Two realms say that they are the issuer ${issuerOf(owners[0] as Verifier<C>)}: ${first} and ${second}. Set the option issuer of each`;
}

function ownersOf<C extends object>(members: readonly Verifier<C>[], named: string): Verifier<C>[] {
  const owners = members.filter((member) => issuerOf(member) === named);
  const owner =
    owners.find((member) => member.issuer.pinned !== null) ??
    owners.find((member) => member.issuer.baseUrl === named);
  if (owner === undefined) return owners;
  // The other APIs of that realm count with it, before they have asked as well.
  const isOfRealm = ({ issuer }: Verifier<C>) => issuer.baseUrl === owner.issuer.baseUrl;
  return members.filter((member) => isOfRealm(member) && [named, undefined].includes(issuerOf(member)));
}

function isSure<C extends object>(member: Verifier<C>, issuer: string): boolean {
  return member.issuer.pinned === issuer || member.issuer.baseUrl === issuer;
}

/**
 * Of an access token by the rules of each, of a logout token by its client. A token for none of them goes to the first,
 * which refuses it.
 */
function selectByAudience<C extends object>(
  members: readonly Verifier<C>[],
  claims: JsonObject,
): Verifier<C> {
  return (members.find(({ context }) => isForUs(claims, context.options)) ??
    members.find(({ clientId }) => hasAudience(claims, clientId)) ??
    members[0]) as Verifier<C>;
}

async function discoverRarely<C extends object>({ issuer, outage }: Verifier<C>): Promise<Discovery> {
  if (outage.recentFailure !== undefined) throw outage.recentFailure;
  return issuer.discover().catch((error: AuthError) => {
    outage.remember(error);
    throw error;
  });
}
