import { adminCheck, fail, ok, skipped, warn } from '../../check.ts';
import { findLost, REACH_IT } from '../../evidence/directories.ts';
import { kcadmRealm } from '../../kcadm.ts';

/** A not-before in the future makes every new token invalid. */
export const notBefore = adminCheck('realm.not-before', 'realm.exists', async (admin, { reach }) => {
  const { caller } = reach;
  const [realm, client] = [(await admin.realm())?.notBefore ?? 0, (await admin.client())?.notBefore ?? 0];
  const now = Date.now() / 1000 + 5;
  const at = (seconds: number) => new Date(seconds * 1000).toISOString();
  if (realm > now) {
    return fail(
      at(realm),
      `the not-before of the realm '${caller.realm}' lies ahead: every token is refused until then`,
      `Sessions > Action > Revocation > Clear\n${kcadmRealm(caller.realm, 'notBefore=0')}`,
    );
  }
  if (client > now) {
    return fail(
      at(client),
      `the not-before of the client '${caller.clientId}' lies ahead: every token of it is refused until then`,
      `Clients > ${caller.clientId} > Advanced > Revocation > Clear`,
    );
  }
  const latest = Math.max(realm, client);
  return ok(latest === 0 ? 'none' : `tokens from before ${at(latest)} are refused`);
});

const realmSettings = adminCheck('realm.settings', 'realm.exists', async (admin, { reach }) => {
  const realm = await admin.realm();
  if (realm === undefined) return skipped('the realm is not there');
  const name = reach.caller.realm;
  if (realm.sslRequired === 'none' && reach.caller.serverUrl.startsWith('https:')) {
    return warn(
      'Require SSL: none',
      'the realm lets anybody log in over plain HTTP',
      `Realm settings > General > Require SSL = External requests\n${kcadmRealm(name, 'sslRequired=EXTERNAL')}`,
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
});

/** Whether Keycloak reaches the directories that the realm gets users from. */
const realmFederation = adminCheck('realm.federation', 'realm.exists', async (admin) => {
  const all = await admin.federations();
  if (all.length === 0) return ok('none: the users are in Keycloak itself');
  const lost = await findLost(admin);
  const names = all.map(({ name }) => name).join(', ');
  if (lost.length === 0) return ok(names);
  return fail(names, `Keycloak does not reach ${lost.join(', ')}: their users cannot log in`, REACH_IT);
});

/** What workflows do to users is in no list of events. */
const realmWorkflows = adminCheck('realm.workflows', 'realm.exists', async (admin, { reach }) => {
  if (!reach.config.events) return ok('events are not read');
  const names = await admin.workflows();
  if (names.length === 0) return ok('none');
  return warn(
    names.join(', '),
    'workflows disable and delete users and take roles away without an event: such a token stays good here for up to half an hour',
    'in the library kc.events({ recheckSeconds: 30 }); for the service KEYCLOAK_EVENTS=off; leave it where the workflows do nothing of this',
  );
});

export const REALM_ADMIN_CHECKS = [notBefore, realmSettings, realmFederation, realmWorkflows];
