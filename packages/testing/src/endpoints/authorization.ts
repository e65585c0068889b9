import {
  type AuthRequest,
  checkAuthRequest,
  PageFault,
  readAuthRequest,
  type ValidAuthRequest,
} from '../browser/auth-request.ts';
import { signedIn } from '../browser/cookies.ts';
import { respond } from '../browser/respond.ts';
import { Fault } from '../fault.ts';
import { formOf, queryOf } from '../http/bodies.ts';
import { issuerOf } from '../http/headers.ts';
import { sendErrorPage } from '../pages/pages.ts';
import type { Exchange, Route } from '../provider/route.ts';
import { mustChooseOrganization } from '../tokens/organization-scope.ts';
import { openLogin, sendCode, sendToConsent, showLogin } from './pending-login.ts';

/** RFC 6749 §4.1, OpenID Connect Core §3.1.2. */
export const authorizationRoute: Route = {
  endpoint: 'authorization',
  path: '/protocol/openid-connect/auth',
  methods: ['GET', 'POST'],
  async handler(exchange) {
    const { provider, request, reply } = exchange;
    const { realm } = provider;
    const query = request.method === 'POST' ? formOf(request) : queryOf(request);
    let authRequest: AuthRequest;
    try {
      await provider.documents.prepare(query);
      authRequest = readAuthRequest(realm, query);
    } catch (error) {
      if (error instanceof PageFault)
        return sendErrorPage(reply, realm.displayName, error.message, error.statusCode);
      throw error;
    }
    try {
      return authorize(exchange, checkAuthRequest(realm, query, authRequest));
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      const { error: code, description } = error;
      return respond(reply, authRequest, issuerOf(request), { error: code, error_description: description });
    }
  },
};

function authorize(exchange: Exchange, authRequest: ValidAuthRequest) {
  const { provider, request } = exchange;
  const { clock } = provider;
  const current = signedIn(provider, request);
  const authTime = Number(current?.session.notes.AUTH_TIME ?? 0);
  const tooOld = authRequest.maxAge !== undefined && clock.seconds() - authTime > authRequest.maxAge;
  const silent = authRequest.prompts.includes('none');
  if (current !== undefined && !tooOld && !authRequest.prompts.includes('login')) {
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
  return showLogin(exchange, openLogin(exchange, authRequest, again));
}
