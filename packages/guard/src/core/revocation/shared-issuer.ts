import { getOrMake } from '../runtime/get-or-make.ts';
import type { Notice } from '../runtime/notice.ts';
import type { RevocationStore } from './revocation.ts';

/** A verifier of a store: where its realm is, and whether the options say what its issuer is. */
interface Claimant {
  readonly baseUrl: string;
  readonly isPinned: boolean;
}

/** The first verifier of each issuer, by store. */
const first = new WeakMap<RevocationStore, Map<string, Claimant>>();

/**
 * Warns if realms at two addresses name one issuer, and their verifiers share a store: what the one revokes is revoked for the
 * other. Without the option `issuer`, each Keycloak says itself what its issuer is, and could name another one's.
 *
 * @returns takes the issuer of the verifier, as often as it is known
 */
export function createSharedIssuerCheck(
  store: RevocationStore,
  claimant: Claimant,
  onNotice: (notice: Notice) => void,
): (issuer: string) => void {
  let seen: string | undefined;
  return (issuer) => {
    if (issuer === seen) return;
    seen = issuer;
    const issuers = getOrMake(first, store, () => new Map<string, Claimant>());
    const other = getOrMake(issuers, issuer, () => claimant);
    if (other.baseUrl === claimant.baseUrl || (other.isPinned && claimant.isPinned)) return;
    onNotice({
      level: 'warn',
      code: 'issuer_conflict',
      message: `${other.baseUrl} and ${claimant.baseUrl} both say that they are ${issuer}, and share a revocation store: each can end the sessions of the other`,
      fix: 'Set the option issuer of both verifiers, or give each a store',
    });
  };
}
