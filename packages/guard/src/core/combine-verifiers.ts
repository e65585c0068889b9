import { OptionsError } from './http/errors.ts';
import type { AppClaims } from './principal/principal.ts';
import { selectByIssuer } from './token/select-verifier.ts';
import type { TokenVerifier, Verifier } from './verifier.ts';
import { partsOf } from './verifier-parts.ts';

/**
 * Accepts tokens of several realms or servers: each token is verified by the one verifier whose issuer it names,
 * with that realm's keys and rules. `principal.issuer` tells where a caller comes from; a subject is unique only
 * together with it (RFC 7519 §4.1.2).
 *
 * Each of several has the option `issuer`: otherwise a realm would say itself who it is, and could name another one's. The
 * first member says for all how bound tokens and the strength of sign-ins are judged (`dpop`, `publicUrl`,
 * `clientCertificate`, `acrLevels`).
 *
 * @throws {OptionsError} for an empty list, and where one of several has no `issuer`, or that of another one
 * @example
 * const verifier = combineVerifiers([createVerifier(staff), createVerifier(customers)]);
 */
export function combineVerifiers<C extends object = AppClaims>(
  members: readonly Verifier<C>[],
): TokenVerifier<C> {
  const first = members[0];
  if (first === undefined) throw wrongMembers('must be a list of verifiers that is not empty');
  const issuers = new Set(members.map(({ issuer }) => issuer.pinned));
  if (members.length > 1 && issuers.has(null))
    throw wrongMembers('must each have the option issuer: no realm may say itself who it is');
  if (issuers.size < members.length) throw wrongMembers('must each have an issuer of its own');
  if (members.some(({ sender }) => sender?.mode !== first.sender?.mode)) {
    throw wrongMembers(
      'must all have the same dpop: which realm a token is of is not known before it is read',
    );
  }
  // An organization may have any name, also that of another realm's.
  if (members.length > 1 && members.some((member) => partsOf(member)?.tenants === 'organizations'))
    throw wrongMembers('must not have organizations as tenants: two realms may have one of the same name');

  return {
    members,
    clientId: first.clientId,
    ...(first.sender && { sender: first.sender }),
    ...(first.signInRules && { signInRules: first.signInRules }),
    verify(token, possession) {
      const member = members.find((one) => one.isKnown(token)) ?? selectByIssuer(members, token);
      return member.verify(token, possession);
    },
    async load() {
      await Promise.all(members.map((member) => member.load()));
    },
    async close() {
      await Promise.all(members.map((member) => member.close()));
    },
  };
}

function wrongMembers(rule: string): OptionsError {
  return new OptionsError('combineVerifiers', [{ option: 'members', rule, example: '[createVerifier(…)]' }]);
}
