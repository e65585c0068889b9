import { AuthError } from '../http/errors.ts';
import { type JsonObject, readCompactJws } from '../jwt/compact-jws.ts';
import { describeClaim, hasAudience } from '../jwt/signed-jwt.ts';
import type { Discovery, Issuer } from '../realm/issuer.ts';
import type { Outage } from '../realm/outage.ts';
import { isForUs, type VerifyContext } from './verify.ts';

/** The part of a verifier that the selection reads. */
export interface Member {
  readonly issuer: Issuer;
  readonly outage: Outage;
  readonly clientId: string;
  readonly context: VerifyContext;
}

/** The issuer whose tokens a verifier takes; `undefined` while it is unknown. */
export function issuerOf({ issuer }: Member): string | undefined {
  return issuer.pinned ?? issuer.current?.issuer;
}

/**
 * The verifier whose issuer a JWT names, and of several APIs of one realm the one that it is for. Its claims are not
 * verified yet: they only decide whose keys and rules do that.
 *
 * A realm says itself what its issuer is, so one could claim the name of another. The verifier with that issuer in the option
 * `issuer` comes first, then the one at that very address (OpenID Connect Discovery 1.0 §4.3). Otherwise it must be the only
 * one that claims it, and every other realm must have been asked.
 *
 * @throws {AuthError} `token_malformed`, `token_issuer`, `provider_unavailable` while an issuer is not known yet,
 * `provider_misconfigured` if two realms say that it is theirs
 */
export async function selectByIssuer<M extends Member>(members: readonly M[], jwt: string): Promise<M> {
  if (members.length === 1) return members[0] as M;
  const claims = readCompactJws(jwt).payload();
  return selectByAudience(await findOwners(members, describeClaim(claims.iss)), claims);
}

/**
 * The verifiers whose issuer it is, by the rule of {@link selectByIssuer}, and never none.
 *
 * @throws {AuthError} as {@link selectByIssuer} does
 */
async function findOwners<M extends Member>(members: readonly M[], claimed: string): Promise<readonly M[]> {
  const sure = ownersOf(members, claimed);
  if (sure.some((member) => isSure(member, claimed))) return sure;
  // Asked at once, and only those that are not known yet.
  const unknown = members.filter((member) => issuerOf(member) === undefined);
  const answers = await Promise.allSettled(unknown.map(discoverRarely));
  const owners = ownersOf(members, claimed);
  if (owners.some((member) => isSure(member, claimed))) return owners;
  const outage = answers.find((answer) => answer.status === 'rejected');
  // It may be the one that could not be asked.
  if (outage !== undefined) throw outage.reason;
  if (owners.length === 0) {
    throw new AuthError('token_issuer', 'The token is of another issuer', {
      expected: `iss ${members.map(issuerOf).join(' or ')}`,
      seen: `iss ${claimed}`,
    });
  }
  const conflict = findConflict(owners);
  if (conflict !== undefined) throw new AuthError('provider_misconfigured', conflict);
  return owners;
}

/** The problem with verifiers of one issuer but two realms; `undefined` if they are of one realm. */
export function findConflict(owners: readonly Member[]): string | undefined {
  const [first, second] = new Set(owners.map(({ issuer }) => issuer.baseUrl));
  if (first === undefined || second === undefined) return undefined;
  return `Two realms say that they are the issuer ${issuerOf(owners[0] as Member)}: ${first} and ${second}. Set the option issuer of each`;
}

/** Those of one realm, as far as it is known: also the ones that have not asked yet what their issuer is. */
export function ownersOf<M extends Member>(members: readonly M[], claimed: string): M[] {
  const owners = members.filter((member) => issuerOf(member) === claimed);
  const owner =
    owners.find((member) => member.issuer.pinned !== null) ??
    owners.find((member) => member.issuer.baseUrl === claimed);
  if (owner === undefined) return owners;
  // The other APIs of that realm count with it, before they have asked as well.
  const isOfRealm = ({ issuer }: Member) => issuer.baseUrl === owner.issuer.baseUrl;
  return members.filter((member) => isOfRealm(member) && [claimed, undefined].includes(issuerOf(member)));
}

function isSure(member: Member, issuer: string): boolean {
  return member.issuer.pinned === issuer || member.issuer.baseUrl === issuer;
}

/**
 * Of an access token by the rules of each, of a logout token by its client. A token for none of them goes to the first,
 * which refuses it.
 */
function selectByAudience<M extends Member>(members: readonly M[], claims: JsonObject): M {
  return (members.find(({ context }) => isForUs(claims, context.options)) ??
    members.find(({ clientId }) => hasAudience(claims, clientId)) ??
    members[0]) as M;
}

async function discoverRarely({ issuer, outage }: Member): Promise<Discovery> {
  if (outage.recentFailure !== undefined) throw outage.recentFailure;
  return issuer.discover().catch((error: AuthError) => {
    outage.remember(error);
    throw error;
  });
}
