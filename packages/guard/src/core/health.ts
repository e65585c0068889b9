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

const NAMES = ['keys', 'keycloak', 'credential', 'revocations'] as const;
type State = { readonly isReady: boolean } & { readonly [K in (typeof NAMES)[number]]?: HealthCheck };

/**
 * A process that never learnt who was logged out would let them in. One that knew and lost the store goes on: with it gone all
 * processes would be out, and rechecks find a logout within seconds. The same holds for Keycloak.
 *
 * @param base a verifier with the store of all tenants, of which none may be in memory
 */
export function healthOf({ members }: Pick<TokenVerifier<object>, 'members'>, base?: object): Health {
  const ofMembers = members.map((member): State => {
    const status = member.status();
    const { credential } = partsOf(member) ?? {};
    const isMissing = credential?.isMissing === true;
    // The next answer knows whether it is there by then.
    if (isMissing) void credential.load();
    return {
      isReady: status.keysLoaded && !isMissing,
      keys: checkKeys(status),
      keycloak: checkKeycloak(status),
      ...(isMissing && { credential: { ok: false, detail: 'A file of it cannot be used: see the log' } }),
    };
  });
  const all = [...ofMembers, ...(base === undefined ? members : [base]).map(ofStore)];
  const checks = NAMES.flatMap((name) => {
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
  const isDown = isProviderDown || lastError?.code === 'provider_misconfigured';
  const why =
    lastError?.code === 'provider_misconfigured'
      ? 'Answers, but not as the realm that is configured: see the log'
      : 'Does not answer: see the log';
  return { ok: keysLoaded && !isDown, detail: isDown ? why : keysLoaded ? 'Answers' : 'Not asked yet' };
}

function ofStore(verifier: object): State {
  const { isCaughtUp = true, isConnected } = partsOf(verifier)?.store ?? {};
  if (isConnected === undefined) return { isReady: isCaughtUp };
  const detail = isConnected ? 'Answers' : 'Does not answer, or refuses writes: see the log';
  const late = { ok: false, detail: 'Logouts of other processes are not loaded yet' };
  return { isReady: isCaughtUp, revocations: isCaughtUp ? { ok: isConnected, detail } : late };
}
