import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { keycloak } from 'keycloak-guard/node';

const kc = keycloak({ serverUrl: 'http://localhost:8080', realm: 'testing', clientId: 'orders' });
const show: RequestListener = (request, response) => {
  response.end(request.url);
};
function list(request: IncomingMessage, response: ServerResponse): void {
  response.end(request.headers.host);
}
createServer(kc.guard({}, show)).listen(3000);
createServer(kc.guard({ realmRole: 'user' }, list)).listen(3001);
