import type { Clock } from '../clock.ts';
import type { Realm } from '../realm/realm.ts';
import type { User } from '../realm/user.ts';

interface Failures {
  count: number;
  lastAt: number;
  lockedUntil: number;
}

/** Brute-force protection. The realm's `bruteForceProtected` turns it on. */
export function createLockout(realm: Realm, clock: Clock) {
  const failures = new Map<string, Failures>();

  return {
    /** Forgets all failures. */
    clear: () => failures.clear(),
    /** Counts the attempt. False if the password is wrong, or the user is locked. */
    admits(user: User, right: boolean): boolean {
      const { settings } = realm;
      if (!settings.bruteForceProtected) return right;
      const now = clock.now();
      const known = failures.get(user.id);
      if (known !== undefined && now < known.lockedUntil) return false;
      if (right) {
        failures.delete(user.id);
        return true;
      }
      failures.set(user.id, afterFailure(realm, known, now));
      const { permanentLockout, failureFactor = 30 } = settings;
      if (permanentLockout && failures.get(user.id)!.count >= failureFactor) {
        // A permanent lock disables the account. The login answers as for a wrong password.
        failures.get(user.id)!.lockedUntil = Number.POSITIVE_INFINITY;
        realm.updateUser(user.username, { enabled: false });
      }
      return false;
    },
  };
}

function afterFailure({ settings }: Realm, known: Failures | undefined, now: number): Failures {
  const {
    failureFactor = 30,
    waitIncrementSeconds = 60,
    maxFailureWaitSeconds = 900,
    maxDeltaTimeSeconds = 43_200,
    quickLoginCheckMilliSeconds = 1000,
    minimumQuickLoginWaitSeconds = 60,
    bruteForceStrategy = 'MULTIPLE',
  } = settings;
  const since = known === undefined ? Number.POSITIVE_INFINITY : now - known.lastAt;
  const count = since > maxDeltaTimeSeconds * 1000 ? 1 : (known?.count ?? 0) + 1;
  let wait = 0;
  if (count >= failureFactor) {
    const steps =
      bruteForceStrategy === 'LINEAR' ? 1 + count - failureFactor : Math.floor(count / failureFactor);
    wait = waitIncrementSeconds * steps;
  }
  if (wait === 0 && since < quickLoginCheckMilliSeconds) wait = minimumQuickLoginWaitSeconds;
  return { count, lastAt: now, lockedUntil: now + Math.min(wait, maxFailureWaitSeconds) * 1000 };
}
