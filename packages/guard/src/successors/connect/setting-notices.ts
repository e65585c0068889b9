import type { Notice, Verifier } from '../../core/index.ts';
import type { Config } from './config.ts';

/** Warns of settings that make an application less safe, or have no effect. */
export function tellOfSettings(
  config: Config,
  unknown: readonly string[],
  notify: (notice: Notice) => void,
): void {
  if (config.verifyTokenAudience === false) {
    notify({
      level: 'warn',
      code: 'setting_unsafe',
      message:
        'verify-token-audience is false: a token that the realm issued for any other client is accepted',
      fix: `Give the clients that call this one an audience mapper for ${config.clientId}, and leave the setting out`,
    });
  }
  if (config.publicKey !== undefined) {
    notify({
      level: 'warn',
      code: 'setting_unsafe',
      message: 'realm-public-key pins one key: when the realm gets another one, nobody gets in',
      fix: 'Leave the setting out: then the keys of the realm are fetched',
    });
  }
  if (unknown.length > 0) {
    notify({
      level: 'warn',
      code: 'setting_ignored',
      message: `new Keycloak: there is no option ${unknown.join(', ')}`,
      fix: 'Remove it, or correct its name',
    });
  }
}

const told = new WeakMap<Verifier, Set<string>>();
/** Bounds memory: a reason names what the application asks for. */
const MOST_REASONS = 100;

/** Reports each reason why an enforcer refuses everybody, once. */
export function tellOncePermissionsImpossible(verifier: Verifier, reason: string): void {
  const reasons = told.get(verifier) ?? new Set();
  told.set(verifier, reasons);
  if (reasons.has(reason) || reasons.size >= MOST_REASONS) return;
  reasons.add(reason);
  verifier.notify({
    level: 'error',
    code: 'permissions_impossible',
    message: reason,
    fix: 'Until it is fixed, the routes of this enforcer are answered with 500',
  });
}
