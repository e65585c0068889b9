import { toShellWord } from '../../../terminal/shell-word.ts';
import { type Check, ok, skipped, warn } from '../../check.ts';

export const realmSettings: Check = {
  id: 'realm.settings',
  needs: ['admin.login', 'realm.exists'],
  async run({ reach }) {
    const realm = await reach.admin?.realm();
    if (realm === undefined) return skipped('no admin was given');
    const name = reach.caller.realm;
    if (realm.sslRequired === 'none' && reach.caller.serverUrl.startsWith('https:')) {
      return warn(
        'Require SSL: none',
        'the realm lets anybody log in over plain HTTP',
        `Realm settings > General > Require SSL = External requests\nkcadm.sh update ${toShellWord(`realms/${name}`)} -s sslRequired=EXTERNAL`,
      );
    }
    const [idle = 1800, lifespan = 300] = [realm.ssoSessionIdleTimeout, realm.accessTokenLifespan];
    if (idle > 0 && idle < 120) {
      return warn(
        `SSO session idle: ${idle} s`,
        `sessions end after ${idle} s without a refresh, and the tokens with them (access tokens live ${lifespan} s)`,
        'Realm settings > Sessions > SSO Session Idle: 30 minutes is usual',
      );
    }
    const protection = realm.bruteForceProtected ? `on, ${realm.failureFactor} failures` : 'off';
    const rotation = realm.revokeRefreshToken ? `on, reuse ${realm.refreshTokenMaxReuse ?? 0}` : 'off';
    return ok(
      `SSL required: ${realm.sslRequired}; brute force protection: ${protection}; refresh token rotation: ${rotation}`,
    );
  },
};
