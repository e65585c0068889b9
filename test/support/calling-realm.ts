/**
 * Clients of a realm in which services call services: the front end `web` calls `shop`, `shop` calls `orders`, and `orders`
 * calls `stock`. Which services a client may call, its optional scopes say: `to-orders` brings the audience `orders`.
 */
export const SECRET = 'a-secret-with-32-characters-in-it';
export const USER = { username: 'abdullah', password: 'Test#123456' };
export const OTHER_USER = { username: 'sara', password: 'Test#123456' };

const MAY_CALL: Readonly<Record<string, readonly string[]>> = {
  web: ['shop'],
  shop: ['orders', 'stock'],
  orders: ['stock', 'shop'],
  stock: [],
};

export const clientScopes = ['shop', 'orders', 'stock'].map((client) => ({
  name: `to-${client}`,
  protocol: 'openid-connect',
  attributes: { 'include.in.token.scope': 'true' },
  protocolMappers: [
    {
      name: 'audience',
      protocol: 'openid-connect',
      protocolMapper: 'oidc-audience-mapper',
      config: { 'included.client.audience': client, 'access.token.claim': 'true' },
    },
  ],
}));

export const clients = Object.entries(MAY_CALL).map(([clientId, called]) => {
  const scopes = called.map((name) => `to-${name}`);
  const isFront = clientId === 'web';
  return {
    clientId,
    secret: SECRET,
    enabled: true,
    directAccessGrantsEnabled: true,
    serviceAccountsEnabled: true,
    attributes: { 'standard.token.exchange.enabled': String(!isFront && clientId !== 'stock') },
    defaultClientScopes: ['basic', 'acr', 'profile', 'roles', ...(isFront ? scopes : [])],
    optionalClientScopes: isFront ? [] : scopes,
  };
});
