import type { Notice } from '../core/index.ts';
import type { Config } from './config.ts';

/** Tells, once, of settings that make an application less safe, or do nothing. */
export function tellOfSettings(
  config: Config,
  unknown: readonly string[],
  notify: (notice: Notice) => void,
): void {
  if (config.verifyTokenAudience === false) {
    notify({
      level: 'warn',
      code: 'setting_unsafe',
      message: 'verify-token-audience is false: a token that the realm issued for any other client is taken',
      fix: `Give the clients that call this one an audience mapper for ${config.clientId}, and leave the setting out`,
    });
  }
  if (config.publicKey !== undefined) {
    notify({
      level: 'warn',
      code: 'setting_unsafe',
      message: 'realm-public-key pins one key: when the realm gets another one, nobody gets in',
      fix: 'Leave the setting out: the keys of the realm are fetched',
    });
  }
  if (unknown.length > 0) {
    notify({
      level: 'warn',
      code: 'setting_ignored',
      message: `new Keycloak: there is no option ${unknown.join(', ')}`,
      fix: 'Take it out, or correct its name',
    });
  }
}
