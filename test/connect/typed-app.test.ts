import assert from 'node:assert/strict';
import { test } from 'node:test';
import express, { type Request, type Response } from 'express';
import KeycloakConnect, { type KauthRequest, type Token } from '../../packages/connect/src/index.ts';

/** What applications in TypeScript have in their code: it has to compile, with Express's own types. */
function createApp(keycloak: KeycloakConnect.Keycloak): express.Express {
  const app = express();
  app.use(keycloak.middleware({ logout: '/out', admin: '/admin' }));
  const mayRead = (token: Token, request: Request) => token.hasRole('reader') && request.ip !== '';
  app.get('/read', keycloak.protect(mayRead), (request, response) => {
    response.json((request as Request & KauthRequest).kauth.grant?.access_token?.content.preferred_username);
  });
  app.get('/item', keycloak.enforcer('item:read', { claims: (request: Request) => ({ ip: [request.ip] }) }));
  app.get('/open', keycloak.checkSso());
  app.get('/grant', (request, response, next) => {
    keycloak.getGrant(request, response).then((grant) => keycloak.storeGrant(grant, request, response), next);
  });
  keycloak.accessDenied = (_request: Request, response: Response) =>
    void response.status(403).render('denied');
  return app;
}

test('an application that is typed by Express fits, and its methods are replaced on the prototype too', () => {
  class Own extends KeycloakConnect {}
  Own.prototype.redirectToLogin = (request: Request) => !request.path.startsWith('/api');
  const keycloak = new Own(
    {},
    { realm: 'testing', 'auth-server-url': 'http://localhost:8080', resource: 'my-app' },
  );
  const manager: KeycloakConnect.GrantManager = keycloak.grantManager;
  assert.equal(typeof createApp(keycloak), 'function');
  assert.equal(keycloak.redirectToLogin({ path: '/api/x' } as never), false);
  assert.ok(manager instanceof KeycloakConnect.GrantManager);
  assert.equal(KeycloakConnect.Keycloak, KeycloakConnect);
});
