import { testCalling } from '../../contract/calling/suite.ts';
import { testTenantCalling } from '../../contract/calling/tenants.ts';
import { type CallingRealm, createCallingRealm } from '../support/calling-realm.ts';

const logoutIn = (realm: CallingRealm) => async (username: string) => {
  const found = await realm.admin('GET', `/users?username=${username}&exact=true`);
  const [user] = (await found.json()) as { id: string }[];
  await realm.admin('POST', `/users/${user?.id}/logout`);
};

testCalling('a real Keycloak', async () => {
  const realm = await createCallingRealm('g-calling');
  return {
    ...{ url: realm.keycloak.url, realm: realm.name, logoutUser: logoutIn(realm), close: realm.close },
  };
});

testTenantCalling('a real Keycloak', async () => {
  const [one, two] = [
    await createCallingRealm('g-calling-acme'),
    await createCallingRealm('g-calling-globex'),
  ];
  return {
    ...{ url: one.keycloak.url, realms: [one.name, two.name], logoutUser: logoutIn(one) },
    close: () => Promise.all([one.close(), two.close()]),
  };
});
