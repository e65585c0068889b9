/** What applications have in their code: it must compile with keycloak-connect's types, and with those of its successor. */
import express, { type Request, type RequestHandler, type Response } from 'express';
import KeycloakConnect, {
  type AuthZRequest,
  type EnforcerOptions,
  type Grant,
  type GrantManager,
  type GrantProperties,
  type GuardFn,
  type Keycloak,
  type KeycloakConfig,
  type KeycloakOptions,
  type Token,
} from 'keycloak-connect';

interface KauthRequest extends Request {
  kauth?: { grant?: Grant };
}

const config: KeycloakConfig = {
  realm: 'testing',
  'auth-server-url': 'http://localhost:8080',
  resource: 'my-app',
  'ssl-required': 'external',
  'confidential-port': 0,
  'bearer-only': true,
};
const options: KeycloakOptions = { store: {}, scope: 'profile' };
const keycloak: Keycloak = new KeycloakConnect(options, config);
const app = express();

// Hooks, on one object and on the prototype, with and without types of the application's own.
keycloak.accessDenied = (_request, response) => {
  response.status(401).json({ error: 'Unauthorized' });
};
keycloak.accessDenied = (request: Request, response: Response) =>
  response.status(403).render('denied', { ip: request.ip });
keycloak.redirectToLogin = (request) => {
  const matcher = /\/api\//i;
  return !matcher.test(request.originalUrl || request.url) && request.accepts('html') !== false;
};
keycloak.redirectToLogin = () => false;
keycloak.authenticated = (request) => {
  (request as KauthRequest).kauth?.grant?.access_token?.isExpired();
  console.log(request.get('user-agent'), request.params);
};
keycloak.deauthenticated = (request) => console.log(request.ip);
class Own extends (KeycloakConnect as new (options: KeycloakOptions) => Keycloak) {}
Own.prototype.accessDenied = (_request: Request, response: Response) => void response.redirect('/denied');

// Guards.
const isOwner: GuardFn = (token, request) => token.hasRole('editor') && request.params.id === request.ip;
const guards: RequestHandler[] = [
  keycloak.protect(),
  keycloak.protect('realm:admin'),
  keycloak.protect(isOwner),
  keycloak.protect((token, request) => token.hasRealmRole('user') && request.params.id !== ''),
  keycloak.protect((token: Token, request: Request, response: Response) => {
    response.locals.isAdmin = token.hasApplicationRole('my-app', request.body.role);
    return true;
  }),
  keycloak.checkSso(),
  ...keycloak.middleware({ logout: '/logout', admin: '/' }),
];
app.use(keycloak.middleware());
app.use('/guarded', guards, (request: KauthRequest, response: Response) => {
  response.json(request.kauth?.grant?.access_token?.isExpired());
});

// Permissions.
const mode: string = 'permissions';
const asked: EnforcerOptions = { response_mode: mode, claims: (request) => ({ ip: [request.ip.trim()] }) };
app.get('/item', keycloak.enforcer('item:read', asked), keycloak.enforcer(['item:read', 'item:write']));
const question: AuthZRequest = { audience: 'my-app', permissions: [] };
question.permissions.push({ id: 'item', scopes: ['read'] });
question.claim_token = 'e30';
question.audience = keycloak.getConfig().resource;

// Grants and tokens.
const manager: GrantManager = keycloak.grantManager;
app.get('/grant', async (request, response) => {
  const grant = await keycloak.getGrant(request, response);
  keycloak.storeGrant(grant, request, response);
  const token = grant.access_token as Token;
  const user = await manager.userInfo<Token, { email: string }>(token);
  // biome-ignore lint/suspicious/noExplicitAny: so public applications have it
  const anything = await manager.userInfo<any, any>(token);
  const { email } = await manager.userInfo<string, { email: string }>('a token');
  const properties: GrantProperties = { access_token: token };
  const made = await manager.createGrant(properties);
  const active: false | Token = await manager.validateAccessToken(token);
  await manager.validateToken(token, 'Bearer');
  await manager.ensureFreshness(await manager.obtainDirectly('alice', 'secret'));
  await manager.obtainFromClientCredentials();
  await keycloak.checkPermissions(question, request, (json) => json.length);
  made.update(grant);
  response.json([user.email, anything.name, email, active, made.toString()?.length]);
});
app.get('/out', (_request, response) =>
  response.redirect(
    keycloak.logoutUrl('http://localhost:3000/', keycloak.loginUrl('id', keycloak.accountUrl())),
  ),
);
keycloak.unstoreGrant('session');
const realm: string = keycloak.getConfig().realm;
export const named: KeycloakConnect.Keycloak | KeycloakConnect.Grant | string = realm;
