import type { FastifyRequest } from 'fastify';
import {
  type AuthRequest,
  checkAuthRequest,
  PageFault,
  readAuthRequest,
  type ValidAuthRequest,
} from '../browser/auth-request.ts';
import { signedIn } from '../browser/cookies.ts';
import { respond } from '../browser/respond.ts';
import { authenticateClient } from '../client-auth/authenticate-client.ts';
import { Fault, invalidRequest } from '../fault.ts';
import { formOf, queryOf, refuseDuplicates } from '../http/bodies.ts';
import { allowCaller, allowOriginsOf, issuerOf, noStore, redirectTo } from '../http/headers.ts';
import { sendErrorPage } from '../pages/pages.ts';
import type { Provider } from '../provider/provider.ts';
import type { Exchange, Route } from '../provider/route.ts';
import type { Client } from '../realm/client.ts';
import type { Realm } from '../realm/realm.ts';
import { mustChooseOrganization } from '../tokens/organization-scope.ts';
import { authenticateUrl, openLogin, sendCode, sendToConsent, showLogin } from './pending-login.ts';

/** RFC 6749 §4.1, OpenID Connect Core §3.1.2. */
export const authorizationRoute: Route = {
  endpoint: 'authorization',
  path: '/protocol/openid-connect/auth',
  methods: ['GET', 'POST'],
  async handler(exchange) {
    const { provider, request, reply } = exchange;
    const { realm } = provider;
    let query = request.method === 'POST' ? formOf(request) : queryOf(request);
    const pushedAs = query.get('request_uri') ?? undefined;
    let authRequest: AuthRequest;
    try {
      await provider.documents.prepare(query);
      if (pushedAs !== undefined) query = provider.pushedRequests.resolve(query);
      authRequest = readAuthRequest(realm, query);
    } catch (error) {
      if (error instanceof PageFault)
        return sendErrorPage(reply, realm.displayName, error.message, error.statusCode);
      throw error;
    }
    try {
      const valid = checkAuthRequest(realm, query, authRequest, pushedAs !== undefined);
      return authorize(exchange, pushedAs === undefined ? valid : { ...valid, pushedAs });
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      const { error: code, description } = error;
      return respond(reply, authRequest, issuerOf(request), { error: code, error_description: description });
    }
  },
};

function authorize(exchange: Exchange, authRequest: ValidAuthRequest) {
  const { provider, request, reply } = exchange;
  const { clock } = provider;
  const current = signedIn(provider, request);
  const authTime = Number(current?.session.notes.AUTH_TIME ?? 0);
  const tooOld = authRequest.maxAge !== undefined && clock.seconds() - authTime > authRequest.maxAge;
  const silent = authRequest.prompts.includes('none');
  const isPage = authRequest.pushedAs !== undefined && !silent;
  if (current !== undefined && !tooOld && !authRequest.prompts.includes('login') && !isPage) {
    const mustChoose = mustChooseOrganization(provider.realm, authRequest.scope, current.user);
    if (mustChoose && silent) throw new Fault(400, 'login_required');
    if (mustChoose) {
      const login = openLogin(exchange, authRequest);
      login.username = current.user.username;
      return showLogin(exchange, login);
    }
    if (!provider.consents.isMissing(current.user.id, authRequest))
      return sendCode(exchange, authRequest, current.session);
    if (silent) throw new Fault(400, 'interaction_required');
    return sendToConsent(exchange, openLogin(exchange, authRequest));
  }
  if (silent) throw new Fault(400, 'login_required');
  const again = tooOld || authRequest.prompts.includes('login') ? current?.user.username : undefined;
  const login = openLogin(exchange, authRequest, again);
  if (!isPage) return showLogin(exchange, login);
  // The page must not be cached: its form belongs to this login only.
  return redirectTo(noStore(reply), authenticateUrl(issuerOf(request), login));
}

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
    checkPushed(realm, parameters, formOf(request));
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

function checkPushed(realm: Realm, parameters: URLSearchParams, form: URLSearchParams): void {
  if (parameters.has('request_uri')) throw invalidRequest('It is not allowed to include request_uri to PAR.');
  if (parameters.has('request')) throw new Fault(400, 'invalid_request_object', 'invalidRequestMessage');
  refuseDuplicates(form);
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
