import {
  type AuthRequest,
  checkAuthRequest,
  PageFault,
  readAuthRequest,
  type ValidAuthRequest,
} from '../browser/auth-request.ts';
import { browserIdOf, setBrowserId, signedIn } from '../browser/cookies.ts';
import { respond } from '../browser/respond.ts';
import { Fault } from '../fault.ts';
import { noStore, redirectTo } from '../http/answer.ts';
import { formOf, queryOf } from '../http/form.ts';
import { issuerOf } from '../http/issuer.ts';
import type { Exchange, Route } from '../http/route.ts';
import { sendErrorPage } from '../pages/message-page.ts';
import { mustChooseOrganization } from '../tokens/organization-scope.ts';
import { sendToConsent } from './finish-login.ts';
import { authenticateUrl } from './login-urls.ts';
import { showLogin } from './pending-login.ts';
import { sendCode } from './send-code.ts';

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
    let asked: AuthRequest;
    try {
      await provider.documents.prepare(query);
      if (pushedAs !== undefined) query = provider.pushedRequests.resolve(query);
      asked = readAuthRequest(realm, query);
    } catch (error) {
      if (error instanceof PageFault) {
        return sendErrorPage(reply, realm.displayName, error.message, error.statusCode);
      }
      throw error;
    }
    try {
      const valid = checkAuthRequest(realm, query, asked, pushedAs !== undefined);
      return authorize(exchange, pushedAs === undefined ? valid : { ...valid, pushedAs });
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      const { error: code, description } = error;
      return respond(reply, asked, issuerOf(request), { error: code, error_description: description });
    }
  },
};

function authorize(exchange: Exchange, asked: ValidAuthRequest) {
  const { provider, request, reply } = exchange;
  const { clock, logins } = provider;
  const current = signedIn(provider, request);
  const authTime = Number(current?.session.notes.AUTH_TIME ?? 0);
  const tooOld = asked.maxAge !== undefined && clock.seconds() - authTime > asked.maxAge;
  const silent = asked.prompts.includes('none');
  const isPage = asked.pushedAs !== undefined && !silent;
  if (current !== undefined && !tooOld && !asked.prompts.includes('login') && !isPage) {
    const mustChoose = mustChooseOrganization(provider.realm, asked.scope, current.user);
    if (mustChoose && silent) throw new Fault(400, 'login_required');
    if (mustChoose) {
      const { browserId, login } = logins.open(browserIdOf(request), asked);
      login.username = current.user.username;
      setBrowserId(request, reply, browserId);
      return showLogin(exchange, login);
    }
    if (!provider.consents.isMissing(current.user.id, asked)) {
      return sendCode(exchange, asked, current.session);
    }
    if (silent) throw new Fault(400, 'interaction_required');
    const { browserId, login } = logins.open(browserIdOf(request), asked);
    setBrowserId(request, reply, browserId);
    return sendToConsent(exchange, login);
  }
  if (silent) throw new Fault(400, 'login_required');
  const again = tooOld || asked.prompts.includes('login') ? current?.user.username : undefined;
  const { browserId, login } = logins.open(browserIdOf(request), asked, again);
  setBrowserId(request, reply, browserId);
  if (isPage) {
    // The page must not be cached: its form belongs to this login only.
    noStore(reply);
    return redirectTo(reply, authenticateUrl(issuerOf(request), login));
  }
  return showLogin(exchange, login);
}
