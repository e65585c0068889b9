import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { type KeycloakOptions, keycloak } from 'keycloak-guard/node';

// The type of the options needs no argument, and knows the framework's request.
const options: KeycloakOptions = {
  serverUrl: 'http://localhost:8080',
  realm: 'testing',
  clientId: 'orders',
  onDenied: (request) => console.log(request.url),
};
const kc = keycloak(options);
const show: RequestListener = (request, response) => {
  response.end(request.url);
};
function list(request: IncomingMessage, response: ServerResponse): void {
  response.end(request.headers.host);
}
createServer(kc.guard({}, show)).listen(3000);
createServer(kc.guard({ realmRole: 'user' }, list)).listen(3001);
