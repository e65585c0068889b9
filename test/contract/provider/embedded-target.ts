import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Feature, RealmRepresentation } from '../../../packages/testing/src/index.ts';
import { startTestIdp } from '../../support/dev-idp.ts';
import { renameRealm, type Target } from './target.ts';

export const TESTING_REALM = JSON.parse(
  readFileSync(new URL('../../../packages/testing/testing-realm.json', import.meta.url), 'utf8'),
) as RealmRepresentation;

/** @param features experimental ones that are on */
export const toEmbeddedTarget = (features: readonly Feature[] = []): Target => ({
  name: 'embedded',
  async open(change) {
    const realm = renameRealm(TESTING_REALM, `contract-${randomUUID().slice(0, 8)}`);
    change?.(realm);
    const idp = await startTestIdp({ realm, features });
    return {
      issuer: idp.issuer,
      name: realm.realm,
      close: () => idp.close(),
      updateUser: async (username, fields) => idp.updateUser(username, fields),
      async takeRealmRole(username, role) {
        const roles = realm.users?.find((one) => one.username === username)?.realmRoles ?? [];
        idp.updateUser(username, { realmRoles: roles.filter((one) => one !== role) });
      },
      async leaveOrganization(username, alias) {
        const organizations = (realm.organizations ?? []).map((one) => ({
          ...one,
          members: (one.members ?? []).filter(
            (member) => one.alias !== alias || member.username !== username,
          ),
        }));
        realm.organizations = organizations;
        idp.updateRealm({ organizations });
      },
      updateClient: async (clientId, fields) => idp.updateClient(clientId, fields),
      updateRealm: async (fields) => idp.updateRealm(fields),
      pass: async (seconds) => idp.advanceClock(seconds),
      endSession: (sessionId) => idp.endSession(sessionId),
      logoutUser: (username) => idp.logoutUser(username),
    };
  },
});

export const embeddedTarget = toEmbeddedTarget();
