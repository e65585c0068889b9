import { toUser } from '../../keycloak/support/user.ts';
import { clientScopes, clients, OTHER_USER, USER } from '../../support/calling-realm.ts';
import { startTestIdp } from '../../support/dev-idp.ts';
import { testCalling } from './suite.ts';

testCalling('the embedded provider', () =>
  startTestIdp({
    realm: { realm: 'calling', clients, clientScopes, users: [toUser(USER), toUser(OTHER_USER)] },
  }),
);
