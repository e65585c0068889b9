import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ValidAuthRequest } from '../browser/auth-request.ts';
import { respond } from '../browser/respond.ts';
import { recordSession } from '../events/record-session.ts';
import { issuerOf } from '../http/issuer.ts';
import type { Provider } from '../provider.ts';
import type { Session } from '../session.ts';

/** Sends the client a code. @param organization alias of the organization that the person chose */
export function sendCode(
  provider: Provider,
  request: FastifyRequest,
  reply: FastifyReply,
  asked: ValidAuthRequest,
  session: Session,
  organization?: string,
) {
  provider.sessions.touch(session, asked.client);
  recordSession(provider, 'LOGIN', request, session, asked.client.clientId);
  const code = provider.codes.issue(asked, session, organization);
  return respond(reply, asked, issuerOf(request), { session_state: session.id, code });
}
