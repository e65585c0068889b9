import { AuthError } from '../http/errors.ts';
import type { Epoch } from '../revocation/epoch.ts';
import type { RevocationList } from '../revocation/revocation-list.ts';
import { isInDoubt } from './doubt.ts';
import type { Freshness } from './freshness.ts';
import type { KnownToken } from './known-token.ts';
import type { VerifyContext } from './verify.ts';

interface Parts {
  readonly context: VerifyContext;
  readonly epoch: Epoch;
  readonly freshness: Freshness;
  readonly revocations: RevocationList;
}

/**
 * Holds a token in memory against expiry, keys and revocations: what can be told without asking.
 *
 * @throws {AuthError} a `token_…` code
 */
export type AssertStillGood = (known: KnownToken<object>, now: number) => void;

export function createAssertStillGood({ context, epoch, freshness, revocations }: Parts): AssertStillGood {
  return (known, now) => {
    if (known.refusal !== undefined) throw known.refusal;
    if (now >= known.expiresAt) {
      throw new AuthError('token_expired', 'The token expired', { seen: `exp ${known.claims.exp}` });
    }
    const current = epoch.value;
    if (known.epoch === current) return;
    if (context.keys.get(known.key.kid) !== known.key) {
      throw new AuthError('token_key_unknown', "The token is signed with a key that left the realm's JWKS");
    }
    if (known.claims.iss !== context.issuer()) {
      throw new AuthError('token_issuer', 'The token is of another issuer', {
        expected: `iss ${context.issuer()}`,
        seen: `iss ${known.claims.iss}`,
      });
    }
    if (isInDoubt(known, revocations, freshness.asksNever)) {
      // A question under way was sent before: its answer settles nothing.
      known.checking = undefined;
      freshness.end(known);
    }
    known.epoch = current;
  };
}
