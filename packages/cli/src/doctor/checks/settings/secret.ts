import { AuthError } from 'keycloak-guard';
import { type Check, fail, ok, skipped } from '../../check.ts';
import { credentialSetting } from '../../evidence/credential.ts';

/** Whether the doctor may act as the client. A library that only verifies tokens needs no secret, and neither do most checks. */
export const settingsSecret: Check = {
  id: 'settings.secret',
  needs: ['settings.valid'],
  async run({ assumed, reach }) {
    if (assumed.length > 0) {
      return skipped(`not set: ${assumed.join(', ')}; what calls Keycloak as the client is not looked at`);
    }
    const { credential, serverUrl } = reach.caller;
    const setting = credentialSetting(reach.config);
    // Reads the file. Nothing is sent: Keycloak's answer to it is for later checks.
    const realm = {
      discover: async () => ({
        issuer: serverUrl,
        metadata: { issuer: serverUrl },
        isFollowingCaller: false,
      }),
    };
    try {
      await credential?.authenticate(realm, async () => ({ status: 200, body: '' }));
    } catch (error) {
      const message = error instanceof AuthError ? error.reason : String(error);
      return fail(
        message,
        `${setting}: ${message}`,
        `Look at the path in ${setting}, at who writes the file, and whether this process may read it.`,
      );
    }
    return ok(`${setting} is set`);
  },
};
