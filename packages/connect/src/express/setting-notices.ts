import type { Notice, Verifier } from 'keycloak-guard';
import type { Config } from './config.ts';

/** Warns of settings that make an application less safe, or have no effect. */
export function notifySettings(
  config: Config,
  unknown: readonly string[],
  notify: (notice: Notice) => void,
): void {
  if (config.verifyTokenAudience === false)
    notify({
      level: 'warn',
      code: 'setting_unsafe',
      message: 'verify-token-audience is false: tokens for every client of the realm are accepted',
      fix: `Give the clients that call this one an audience mapper for ${config.clientId}, and leave the setting out`,
    });
  if (config.publicKey !== undefined)
    notify({
      level: 'warn',
      code: 'setting_unsafe',
      message: 'realm-public-key pins one key: when the realm gets another one, every token is refused',
      fix: 'Leave the setting out: then the keys of the realm are fetched',
    });
  if (unknown.length > 0) notify(toIgnored('new Keycloak', unknown));
}

const toIgnored = (callee: string, unknown: readonly string[]): Notice => ({
  level: 'warn',
  code: 'setting_ignored',
  message: `${callee} ignores ${unknown.join(', ')}: it has no such option`,
  fix: 'Remove it, or correct its name',
});

/**
 * Removes the options that keycloak-connect ignored without a word, and reports their names once.
 *
 * @param callee for the notice, for example `keycloak.middleware`
 */
export function withoutIgnored<T extends object>(
  callee: string,
  options: T,
  known: object,
  verifier: Verifier,
): T {
  const unknown = Object.keys(options).filter((name) => !Object.hasOwn(known, name));
  if (unknown.length === 0) return options;
  notifyOnce(verifier, toIgnored(callee, unknown));
  return Object.fromEntries(Object.entries(options).filter(([name]) => Object.hasOwn(known, name))) as T;
}

const reported = new WeakMap<Verifier, Set<string>>();
/** Bounds memory: a message may name a resource that the application asks for. */
const MOST_MESSAGES = 100;

function notifyOnce(verifier: Verifier, notice: Notice): void {
  const messages = reported.get(verifier) ?? new Set();
  reported.set(verifier, messages);
  if (messages.has(notice.message) || messages.size >= MOST_MESSAGES) return;
  messages.add(notice.message);
  verifier.notify(notice);
}

/** Reports each reason why an enforcer refuses every caller, once. */
export function notifyPermissionsImpossible(verifier: Verifier, reason: string): void {
  notifyOnce(verifier, {
    level: 'error',
    code: 'permissions_impossible',
    message: reason,
    fix: 'Until it is fixed, the routes of this enforcer are answered with 500',
  });
}
