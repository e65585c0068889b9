import { type Check, ok, skipped } from '../../check.ts';

/** Whether the doctor may act as the client. A library that only verifies tokens needs no secret, and neither do most checks. */
export const settingsSecret: Check = {
  id: 'settings.secret',
  needs: ['settings.valid'],
  run({ assumed }) {
    if (assumed.length === 0) return ok('KEYCLOAK_CLIENT_SECRET is set');
    return skipped(`not set: ${assumed.join(', ')}; what calls Keycloak as the client is not looked at`);
  },
};
