import { toUser } from '../../keycloak/support/user.ts';
import { clientScopes, clients, OTHER_USER, USER } from '../../support/calling-realm.ts';
import { startTestIdp } from '../../support/dev-idp.ts';
import { testCalling } from './suite.ts';
import { testTenantCalling } from './tenants.ts';

const realmOf = (realm: string) => ({
  ...{ realm, clients, clientScopes, users: [toUser(USER), toUser(OTHER_USER)] },
});

testCalling('the embedded provider', () => startTestIdp({ realm: realmOf('calling') }));

testTenantCalling('the embedded provider', async () => {
  const idp = await startTestIdp({ realm: realmOf('acme') });
  idp.addRealm(realmOf('globex'));
  return Object.assign(idp, { realms: ['acme', 'globex'] as const });
});
