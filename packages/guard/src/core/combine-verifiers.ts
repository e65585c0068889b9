import type { Possession } from './binding/sender-check.ts';
import { OptionsError } from './http/errors.ts';
import type { AppClaims, Principal } from './principal/principal.ts';
import { getOrMake } from './runtime/cache.ts';
import { findConflict, issuerOf, selectByIssuer } from './token/select-verifier.ts';
import type { TokenVerifier, Verifier } from './verifier.ts';
import { partsOf } from './verifier-parts.ts';

/**
 * Accepts tokens of several realms or servers: each token is verified by the one verifier whose issuer it names,
 * with that realm's keys and rules. `principal.issuer` tells where a caller comes from; a subject is unique only
 * together with it (RFC 7519 §4.1.2). Several members of one realm are several APIs: a token goes to the one that its
 * audience names.
 *
 * Give each realm its `issuer`: without it, a realm says itself who it is. Two that say the same are reported by the notice
 * `issuer_conflict`. The first member says for all how bound tokens and the strength of sign-ins are judged (`dpop`,
 * `publicUrl`, `clientCertificate`, `acrLevels`).
 *
 * @throws {OptionsError} for an empty list, and where two realms were given one `issuer` or the same tenants
 * @example
 * const verifier = combineVerifiers([createVerifier(staff), createVerifier(customers)]);
 */
export function combineVerifiers<C extends object = AppClaims>(
  members: readonly Verifier<C>[],
): TokenVerifier<C> {
  const first = members[0];
  if (first === undefined) throw wrongMembers('must be a list of verifiers that is not empty');
  const pinned = members.filter(({ issuer }) => issuer.pinned !== null);
  if (conflictsOf(pinned).length > 0) throw wrongMembers('must not give two realms the same issuer');
  if (members.some(({ sender }) => sender?.mode !== first.sender?.mode)) {
    throw wrongMembers(
      'must all have the same dpop: which realm a token is of is not known before it is read',
    );
  }
  if (areTenantsMixed(members)) {
    throw wrongMembers(
      'must have a tenant of its own for each realm, and organizations as tenants only if all are of one realm',
    );
  }
  const reported = new Set<string>();

  const reportConflicts = (): void => {
    for (const message of conflictsOf(members)) {
      if (reported.has(message)) continue;
      reported.add(message);
      first.notify({ level: 'error', code: 'issuer_conflict', message });
    }
  };

  async function verifyByIssuer(token: string, possession: Possession | undefined): Promise<Principal<C>> {
    const member = await selectByIssuer(members, token).finally(reportConflicts);
    return member.verify(token, possession);
  }

  return {
    members,
    clientId: first.clientId,
    ...(first.sender && { sender: first.sender }),
    ...(first.signInRules && { signInRules: first.signInRules }),
    verify(token, possession) {
      for (const member of members) {
        if (member.isKnown(token)) return member.verify(token, possession);
      }
      return verifyByIssuer(token, possession);
    },
    async load() {
      await Promise.all(members.map((member) => member.load()));
      reportConflicts();
    },
    async close() {
      await Promise.all(members.map((member) => member.close()));
    },
  };
}

/** A message for each issuer that two realms have. */
function conflictsOf<C extends object>(members: readonly Verifier<C>[]): string[] {
  const issuers = new Set(members.map(issuerOf).filter((issuer) => issuer !== undefined));
  return [...issuers].flatMap(
    (issuer) => findConflict(members.filter((member) => issuerOf(member) === issuer)) ?? [],
  );
}

/** Whether a tenant of one realm has the name of another one's: what belongs to one could be given to the other. */
function areTenantsMixed<C extends object>(members: readonly Verifier<C>[]): boolean {
  const realmOf = new Map<string, string>();
  return members.some((member) => {
    const { baseUrl } = member.issuer;
    const kind = partsOf(member)?.tenants;
    // An organization may have any name.
    if (kind === 'organizations') return members.some(({ issuer }) => issuer.baseUrl !== baseUrl);
    return kind !== undefined && getOrMake(realmOf, kind.name, () => baseUrl) !== baseUrl;
  });
}

function wrongMembers(rule: string): OptionsError {
  return new OptionsError('combineVerifiers', [{ option: 'members', rule, example: '[createVerifier(…)]' }]);
}
