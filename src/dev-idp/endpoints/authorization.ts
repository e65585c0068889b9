import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
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
import { formOf, queryOf } from '../http/form.ts';
import { issuerOf } from '../http/issuer.ts';
import { addRoute } from '../http/route.ts';
import { sendErrorPage } from '../pages/message-page.ts';
import type { Provider } from '../provider.ts';
import type { Session } from '../sessions.ts';
import { showLogin } from './login.ts';

/** RFC 6749 §4.1, OpenID Connect Core §3.1.2. */
export function addAuthorization(app: FastifyInstance, provider: Provider): void {
  const { realm } = provider;
  addRoute(app, {
    endpoint: 'authorization',
    path: '/protocol/openid-connect/auth',
    methods: ['GET', 'POST'],
    handler(request, reply) {
      const query = request.method === 'POST' ? formOf(request) : queryOf(request);
      let asked: AuthRequest;
      try {
        asked = readAuthRequest(realm, query);
      } catch (error) {
        if (error instanceof PageFault) {
          return sendErrorPage(reply, realm.displayName, error.message, error.statusCode);
        }
        throw error;
      }
      try {
        return authorize(provider, request, reply, checkAuthRequest(realm, query, asked));
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
        const { error: code, description } = error;
        return respond(reply, asked, issuerOf(request), { error: code, error_description: description });
      }
    },
  });
}

function authorize(
  provider: Provider,
  request: FastifyRequest,
  reply: FastifyReply,
  asked: ValidAuthRequest,
) {
  const { clock, logins } = provider;
  const current = signedIn(provider, request);
  const authTime = Number(current?.session.notes.AUTH_TIME ?? 0);
  const tooOld = asked.maxAge !== undefined && clock.seconds() - authTime > asked.maxAge;
  const silent = asked.prompts.includes('none');
  if (current !== undefined && !tooOld && !asked.prompts.includes('login')) {
    return sendCode(provider, request, reply, asked, current.session);
  }
  if (silent) throw new Fault(400, 'login_required');
  const { browserId, login } = logins.open(browserIdOf(request), asked, current?.user.username);
  setBrowserId(request, reply, browserId);
  return showLogin(provider, request, reply, login);
}

/** The person is known: the client gets a code. */
export function sendCode(
  provider: Provider,
  request: FastifyRequest,
  reply: FastifyReply,
  asked: ValidAuthRequest,
  session: Session,
) {
  provider.sessions.touch(session, asked.client);
  const code = provider.codes.issue(asked, session);
  return respond(reply, asked, issuerOf(request), { session_state: session.id, code });
}
