import type { AuthError } from '../http/errors.ts';
import type { Notice } from '../runtime/notice.ts';
import { adviseOnRealm } from './realm-advice.ts';

/** What Keycloak is called for: its keys, checks of tokens, or calls of the application's own, such as logins. */
export type CalledFor = 'keys' | 'checks' | 'calls';

/**
 * Whether Keycloak answers, shared by all who call it. An outage is reported once, and so is its end.
 */
export interface Outage {
  /** Keycloak does not answer at the moment. */
  readonly isDown: boolean;
  /** Whether the last call for this got no answer. */
  isFailing(calledFor: CalledFor): boolean;
  /**
   * A call got no answer.
   *
   * @param isNewCause the reporter of the outage reports this one too
   */
  failed(calledFor: CalledFor, error: AuthError, isNewCause?: boolean): void;
  /**
   * A call was answered.
   *
   * @returns true if the outage is over and the loader of the keys had reported it: `keys_loaded` reports the end
   */
  answered(calledFor: CalledFor): boolean;
  /** Why it could not be found out who Keycloak is, or what its keys are; `undefined` where that is five seconds ago. */
  readonly recentFailure: AuthError | undefined;
  remember(failure: AuthError): void;
}

/** Anybody can send tokens with an unknown issuer: they cost a realm that cannot be asked no more than this. */
const COOLDOWN_MS = 5_000;

export function createOutage(onNotice: (notice: Notice) => void): Outage {
  const failing = new Set<CalledFor>();
  let toldBy: CalledFor | undefined;
  let hasAnsweredSince = false;
  let failure: { readonly error: AuthError; readonly at: number } | undefined;

  return {
    get isDown() {
      return failing.size > 0 && !hasAnsweredSince;
    },
    isFailing: (calledFor) => failing.has(calledFor),
    failed(calledFor, error, isNewCause = false) {
      failing.add(calledFor);
      hasAnsweredSince = false;
      const isTold = toldBy === undefined || (toldBy === calledFor && isNewCause);
      toldBy ??= calledFor;
      if (!isTold) return;
      const code = calledFor === 'keys' ? 'keys_unavailable' : 'provider_unavailable';
      const fix = adviseOnRealm(error);
      onNotice({ level: 'error', code, message: error.reason, ...(fix && { fix }) });
    },
    answered(calledFor) {
      if (calledFor !== 'keys') failing.delete(calledFor);
      // Nothing was answered, and now the keys are: it is back, even before any other call.
      else if (failing.has('keys')) failing.clear();
      // The keys always came. The next other call shows whether the rest does.
      else hasAnsweredSince = true;
      const before = toldBy;
      if (failing.size > 0 || before === undefined) return false;
      toldBy = undefined;
      if (before === 'keys') return true;
      onNotice({ level: 'info', code: 'provider_back', message: 'Keycloak answers again' });
      return false;
    },
    get recentFailure() {
      return failure !== undefined && performance.now() - failure.at < COOLDOWN_MS
        ? failure.error
        : undefined;
    },
    remember(error) {
      failure = { error, at: performance.now() };
    },
  };
}
