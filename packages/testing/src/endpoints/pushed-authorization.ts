import type { FastifyRequest } from 'fastify';
import { checkAuthRequest, PageFault, readAuthRequest } from '../browser/auth-request.ts';
import { authenticateClient } from '../client-auth/authenticate-client.ts';
import { Fault, invalidRequest } from '../fault.ts';
import { allowCaller, allowOriginsOf } from '../http/cors.ts';
import { formOf, hasDuplicates } from '../http/form.ts';
import type { Route } from '../http/route.ts';
import type { Provider } from '../provider.ts';
import type { Client } from '../realm/client.ts';
import type { Realm } from '../realm/realm.ts';

/** RFC 9126 §2: a client sends its authorization request here first, and the browser only its URI. */
export const pushedAuthorizationRoute: Route = {
  endpoint: 'par',
  path: '/protocol/openid-connect/ext/par/request',
  methods: ['POST'],
  async handler({ provider, request, reply }) {
    const { realm, pushedRequests } = provider;
    allowCaller(request, reply);
    const client = await authenticate(provider, request);
    allowOriginsOf(client, request, reply);
    const parameters = new URLSearchParams(formOf(request));
    parameters.set('client_id', client.clientId);
    for (const name of ['client_secret', 'client_assertion', 'client_assertion_type'])
      parameters.delete(name);
    checkPushed(realm, parameters, hasDuplicates(formOf(request)));
    const uri = pushedRequests.push(client, parameters);
    return reply.code(201).send({ request_uri: uri, expires_in: pushedRequests.lifespanSeconds() });
  },
};

/** Unlike other endpoints, this one does not say what is wrong with a client. */
async function authenticate(provider: Provider, request: FastifyRequest): Promise<Client> {
  try {
    return await authenticateClient(provider, request);
  } catch {
    throw new Fault(401, 'invalid_request', 'Authentication failed.');
  }
}

function checkPushed(realm: Realm, parameters: URLSearchParams, duplicates: boolean): void {
  if (parameters.has('request_uri')) throw invalidRequest('It is not allowed to include request_uri to PAR.');
  if (parameters.has('request')) throw new Fault(400, 'invalid_request_object', 'invalidRequestMessage');
  if (duplicates) throw invalidRequest('duplicated parameter');
  try {
    checkAuthRequest(realm, parameters, readAuthRequest(realm, parameters), true);
  } catch (error) {
    if (error instanceof PageFault) throw invalidRequest(error.message);
    if (!(error instanceof Fault)) throw error;
    if (error.error === 'unauthorized_client') throw new Fault(401, error.error, error.description);
    const missing = !parameters.has('response_type');
    const type = missing ? 'Missing parameter: response_type' : 'Unsupported response type';
    throw invalidRequest(
      error.error === 'unsupported_response_type' ? type : (error.description ?? error.error),
    );
  }
}
