import { guideContract } from '../../contract/guide/guide-contract.ts';
import { issueAdminToken, requireKeycloak, updateInRealm } from '../support/real-keycloak.ts';

const keycloak = requireKeycloak();

guideContract(`Keycloak ${keycloak.version}`, async () => ({
  url: keycloak.url,
  realm: keycloak.realm,
  updateUser: (username, change) =>
    updateInRealm(keycloak, `users?exact=true&username=${encodeURIComponent(username)}`, change),
  updateClient: (clientId, change) =>
    updateInRealm(keycloak, `clients?clientId=${encodeURIComponent(clientId)}`, change),
  issueForeignToken: () => issueAdminToken(keycloak),
  close: async () => {},
}));
