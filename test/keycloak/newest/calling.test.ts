import { testCalling } from '../../contract/calling/suite.ts';
import { createCallingRealm } from '../support/calling-realm.ts';

testCalling('a real Keycloak', async () => {
  const realm = await createCallingRealm('g-calling');
  return {
    url: realm.keycloak.url,
    realm: realm.name,
    async logoutUser(username) {
      const [user] = (await (await realm.admin('GET', `/users?username=${username}&exact=true`)).json()) as {
        id: string;
      }[];
      await realm.admin('POST', `/users/${user?.id}/logout`);
    },
    close: realm.close,
  };
});
