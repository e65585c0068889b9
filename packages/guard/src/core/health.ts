import type { VerifierStatus } from './token/stats.ts';
import type { TokenVerifier } from './verifier.ts';
import { partsOf } from './verifier-parts.ts';

/** One thing that a process needs, in words that anybody may see: addresses and causes are in the log. */
export interface HealthCheck {
  readonly ok: boolean;
  readonly detail: string;
}

/** Whether this process can verify tokens. */
export interface Health {
  /** The keys of every realm and the files of its credential are loaded, and this process knows who was logged out elsewhere. */
  readonly isReady: boolean;
  /**
   * `keys`, `keycloak`, `revocations` if they are shared with other processes, and `credential` while a file of it cannot be used.
   * With several realms of the worst one.
   */
  readonly checks: Readonly<Record<string, HealthCheck>>;
}

/**
 * A process that never learnt who was logged out would let them in. One that knew and lost the store goes on: with it gone all
 * processes would be out, and rechecks find a logout within seconds. The same holds for Keycloak.
 */
export function healthOf(verifier: Pick<TokenVerifier<object>, 'members'>): Health {
  const all = verifier.members.map((member) => {
    const status = member.status();
    const { store, credential } = partsOf(member) ?? {};
    const isMissing = credential?.isMissing === true;
    // The next answer knows whether it is there by then.
    if (isMissing) void credential.load();
    const isCaughtUp = store?.isCaughtUp !== false;
    return {
      isReady: status.keysLoaded && isCaughtUp && !isMissing,
      keys: checkKeys(status),
      keycloak: checkKeycloak(status),
      ...(isMissing && { credential: { ok: false, detail: 'A file of it cannot be used: see the log' } }),
      ...(store?.isConnected !== undefined && { revocations: checkStore(isCaughtUp, store.isConnected) }),
    };
  });
  const names = ['keys', 'keycloak', 'credential', 'revocations'] as const;
  const checks = names.flatMap((name) => {
    const states = all.flatMap((one) => one[name] ?? []);
    const worst = states.find(({ ok }) => !ok) ?? states[0];
    return worst === undefined ? [] : [[name, worst] as const];
  });
  return { isReady: all.every(({ isReady }) => isReady), checks: Object.fromEntries(checks) };
}

function checkKeys({ keysLoaded, keysAgeSeconds }: VerifierStatus): HealthCheck {
  return {
    ok: keysLoaded,
    detail: keysAgeSeconds === null ? 'Not loaded yet' : `Loaded ${Math.round(keysAgeSeconds)} s ago`,
  };
}

function checkKeycloak({ keysLoaded, isProviderDown, lastError }: VerifierStatus): HealthCheck {
  const isDown = isProviderDown || lastError !== null;
  const why =
    lastError?.code === 'provider_misconfigured'
      ? 'Answers, but not as the realm that is configured: see the log'
      : 'Does not answer: see the log';
  return { ok: keysLoaded && !isDown, detail: isDown ? why : keysLoaded ? 'Answers' : 'Not asked yet' };
}

function checkStore(isCaughtUp: boolean, isConnected: boolean): HealthCheck {
  if (!isCaughtUp) return { ok: false, detail: 'Logouts of other processes are not loaded yet' };
  return { ok: isConnected, detail: isConnected ? 'Answers' : 'Does not answer: see the log' };
}
