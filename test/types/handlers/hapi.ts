import Hapi, { type Lifecycle, type Request, type ResponseToolkit } from '@hapi/hapi';
import { type KeycloakOptions, keycloak } from 'keycloak-guard/hapi';

interface Order {
  readonly item: string;
}

// The type of the options needs no argument, and knows the framework's request.
const options: KeycloakOptions = {
  serverUrl: 'http://localhost:8080',
  realm: 'testing',
  clientId: 'orders',
  onDenied: (request) => console.log(request.info.remoteAddress),
};
const kc = keycloak(options);
const server = Hapi.server({ port: 3000 });
await server.register(kc.plugin);
server.auth.default('keycloak');
server.route<{ Params: { id: string }; Payload: Order }>({
  method: 'POST',
  path: '/orders/{id}',
  handler: (request, h) => {
    const item: string = request.payload.item;
    return h.response({ item, id: request.params.id, by: request.auth.credentials.user?.username }).code(201);
  },
});
const show: Lifecycle.Method = (request) => ({ tab: request.query.tab, is: request.auth.isAuthenticated });
server.route({ method: 'GET', path: '/who', handler: show });
const list = (request: Request, h: ResponseToolkit) => h.response(String(request.query.page));
server.route({ method: 'GET', path: '/list', options: { auth: 'keycloak' }, handler: list });
