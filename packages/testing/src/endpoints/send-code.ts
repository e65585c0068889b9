import type { ValidAuthRequest } from '../browser/auth-request.ts';
import { respond } from '../browser/respond.ts';
import { recordSession } from '../events/record-session.ts';
import { issuerOf } from '../http/issuer.ts';
import type { Exchange } from '../http/route.ts';
import type { Session } from '../session.ts';

/** Sends the client a code. @param organization alias of the organization that the person chose */
export function sendCode(
  exchange: Exchange,
  asked: ValidAuthRequest,
  session: Session,
  organization?: string,
) {
  const { provider, request, reply } = exchange;
  provider.sessions.touch(session, asked.client);
  recordSession(provider, 'LOGIN', request, session, asked.client.clientId);
  const code = provider.codes.issue(asked, session, organization);
  return respond(reply, asked, issuerOf(request), { session_state: session.id, code });
}
