import { AuthError, type Principal, type TokenVerifier } from 'keycloak-guard';

function createUser(username: string, ...realmRoles: string[]): Principal {
  return {
    subject: username,
    username,
    email: null,
    name: null,
    realmRoles,
    clientRoles: {},
    groups: [],
    organizations: [],
    scopes: [],
    audience: [],
    sessionId: null,
    authorizedParty: null,
    kind: 'person',
    actor: null,
    acr: null,
    authenticatedAt: null,
    issuer: 'https://sso.example.com/realms/testing',
    expiresAt: 0,
    claims: { department: 'sales' },
  };
}

const USERS: Readonly<Record<string, Principal>> = {
  ali: createUser('ali', 'user'),
  sara: createUser('sara', 'user', 'admin'),
  eve: createUser('eve', 'admin'),
};

/** Takes the name of a user for a token; all that the decorators require is looked at as ever. */
export const testVerifier: TokenVerifier = {
  members: [],
  clientId: 'fastapi-keycloak',
  verify(token) {
    const user = USERS[token];
    if (user === undefined) throw new AuthError('token_signature', 'No user has this name');
    return user;
  },
  async load() {},
  async close() {},
};
