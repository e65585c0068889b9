import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { runChecks } from '../../../packages/cli/src/doctor/check.ts';
import { checksFor } from '../../../packages/cli/src/doctor/checks/index.ts';
import { createContext } from '../../../packages/cli/src/doctor/context.ts';
import { readDoctorOptions } from '../../../packages/cli/src/doctor/options.ts';
import { compare } from '../../../packages/cli/src/doctor/upgrade/checks.ts';
import { callAdmin, requireKeycloak } from '../support/real-keycloak.ts';

const TO = '26.7.3';
const page = (clientId: string, more = {}) => ({
  clientId,
  publicClient: true,
  redirectUris: ['http://app.test/'],
  ...more,
});
const mapper = (protocolMapper: string, config: Record<string, string>) => ({
  protocolMappers: [{ name: 'planted', protocol: 'openid-connect', protocolMapper, config }],
});

/** What is planted, and the version from which it is broken. */
const PLANTED = {
  'upgrade.role-mapper': '23.0.0',
  'upgrade.introspection-audience': '26.6.2',
  'upgrade.redirect-wildcard': '26.6.3',
  'upgrade.mapped-admin-roles': '26.7.1',
  'upgrade.redirect-parameters': '26.7.3',
};
const REALMS = {
  'upgrade-planted': [
    page('roles', mapper('oidc-usermodel-realm-role-mapper', { multivalued: 'false', 'claim.name': 'flat' })),
    { clientId: 'asks', publicClient: false, redirectUris: ['http://app.test/'] },
    page('star', { redirectUris: ['http://app.test*'] }),
    page('mapped', mapper('oidc-hardcoded-role-mapper', { role: 'realm-management.view-users' })),
    page('state', { redirectUris: ['http://app.test/?state=own'] }),
  ],
  'upgrade-clean': [
    page('page', mapper('oidc-audience-mapper', { 'included.client.audience': 'asks' })),
    { clientId: 'asks', publicClient: false, redirectUris: ['http://app.test/'] },
  ],
};

describe('doctor --upgrade', () => {
  const keycloak = requireKeycloak();
  before(async () => {
    for (const [realm, clients] of Object.entries(REALMS))
      await callAdmin(keycloak, 'POST', '', { realm, enabled: true, clients });
  });
  after(async () => {
    for (const realm of Object.keys(REALMS)) await callAdmin(keycloak, 'DELETE', `/${realm}`);
  });

  async function foretell(realm: string): Promise<string[]> {
    const env = {
      KEYCLOAK_SERVER_URL: keycloak.url,
      KEYCLOAK_REALM: realm,
      KEYCLOAK_ADMIN_USER: keycloak.adminUser,
      KEYCLOAK_ADMIN_PASSWORD: keycloak.adminPassword,
    };
    Object.assign(process.env, env);
    const options = await readDoctorOptions(['--env', 'none.env', '--upgrade', TO], env);
    const results = await runChecks(checksFor(options), createContext(options));
    return results
      .filter(({ id, status }) => /^(fail|warn)$/.test(status) && id !== 'upgrade.unseen')
      .map(({ id }) => id);
  }

  test(`foretells what ${TO} breaks of a realm of this version, and nothing of a clean one`, async () => {
    const isThere = compare(keycloak.version, TO) >= 0;
    const expected = Object.entries(PLANTED).filter(([, since]) => compare(since, keycloak.version) > 0);
    assert.deepEqual(
      await foretell('upgrade-planted'),
      isThere ? ['upgrade.version'] : expected.map(([id]) => id),
    );
    assert.deepEqual(await foretell('upgrade-clean'), isThere ? ['upgrade.version'] : []);
  });
});
