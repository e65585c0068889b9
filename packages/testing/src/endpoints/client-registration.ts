import { randomBytes, randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Fault } from '../fault.ts';
import { jsonTextOf, parseJsonTexts } from '../http/bodies.ts';
import { allowCaller, bearerOf, issuerOf } from '../http/headers.ts';
import type { Registered } from '../provider/provider.ts';
import { addRoute } from '../provider/route.ts';
import {
  assertMayRegister,
  readMetadata,
  toRegistration,
  toRepresentation,
} from '../registration/registration.ts';

const PATH = '/clients-registrations/openid-connect';

/** RFC 7591: a client registers itself. RFC 7592: it reads and deletes its registration. */
export function addClientRegistration(app: FastifyInstance): void {
  const describe = (request: FastifyRequest, clientId: string) => {
    const { realm, registered } = request.provider;
    const client = realm.client(clientId);
    const entry = registered.get(clientId);
    if (client === undefined || entry === undefined) throw notAuthorized();
    return toRegistration(client, `${issuerOf(request)}${PATH}/${clientId}`, entry.token, entry.issuedAt);
  };

  app.register(async (scope) => {
    parseJsonTexts(scope);
    addRoute(scope, {
      endpoint: 'registration',
      path: PATH,
      methods: ['POST'],
      preflight: ['DELETE', 'POST', 'GET', 'OPTIONS', 'PUT'],
      handler(exchange) {
        const { request, reply } = exchange;
        const { realm, clock, registered } = exchange.provider;
        // This provider issues neither initial access tokens nor administrators' tokens.
        if (request.headers.authorization !== undefined)
          throw new Fault(401, 'invalid_token', 'Failed decode token');
        const metadata = readMetadata(jsonTextOf(request));
        const policies = assertMayRegister(realm, request, metadata);
        const clientId = randomUUID();
        realm.addClient(toRepresentation(metadata, clientId, secretText(64), policies));
        registered.set(clientId, { token: secretText(32), issuedAt: Math.floor(clock.now() / 1000) });
        const answer = describe(request, clientId);
        allowCaller(request, reply);
        return reply
          .code(201)
          .header('location', answer.registration_client_uri)
          .header('content-type', 'application/json;charset=UTF-8')
          .send(JSON.stringify(answer));
      },
    });
    scope.get(`${PATH}/:id`, { config: { endpoint: 'registration' } }, (request, reply) => {
      const { id } = request.params as { id: string };
      assertOwner(request.provider.registered.get(id), request);
      return reply.send(describe(request, id));
    });
    scope.delete(`${PATH}/:id`, { config: { endpoint: 'registration' } }, (request, reply) => {
      const { id } = request.params as { id: string };
      const { realm, registered } = request.provider;
      assertOwner(registered.get(id), request);
      registered.delete(id);
      realm.removeClient(id);
      return reply.code(204).send();
    });
  });
}

function assertOwner(entry: Registered | undefined, request: FastifyRequest): void {
  if (entry === undefined || bearerOf(request) !== entry.token) throw notAuthorized();
}

const notAuthorized = () =>
  new Fault(
    401,
    'invalid_token',
    'Not authorized to view client. Not valid token or client credentials provided.',
  );

const secretText = (bytes: number): string => randomBytes(bytes).toString('base64url');
