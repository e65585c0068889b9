import { randomUUID } from 'node:crypto';
import { type Client, hasFlag } from '../realm/client.ts';
import type { Session } from '../sessions/sessions.ts';
import { algorithmOf } from '../tokens/issue.ts';
import type { Provider } from './provider.ts';

const EVENT = 'http://schemas.openid.net/event/backchannel-logout';
const TIMEOUT_MS = 5000;
const LIFESPAN_SECONDS = 120;

/** Sends a logout token (OpenID Connect Back-Channel Logout 1.0 §2.5). A client that does not accept it changes nothing. */
async function sendLogoutToken(
  provider: Provider,
  client: Client,
  session: Session,
  issuer: string,
): Promise<void> {
  const url = client.attributes['backchannel.logout.url'];
  if (!url || client.representation.frontchannelLogout === true) return;
  const now = provider.clock.seconds();
  const token = await provider.keys.sign(
    {
      exp: now + LIFESPAN_SECONDS,
      iat: now,
      jti: randomUUID(),
      iss: issuer,
      aud: client.clientId,
      sub: session.userId,
      typ: 'Logout',
      ...(hasFlag(client, 'backchannel.logout.session.required') ? { sid: session.id } : {}),
      events: {
        [EVENT]: {},
        ...(hasFlag(client, 'backchannel.logout.revoke.offline.tokens')
          ? { revoke_offline_access: true }
          : {}),
      },
    },
    algorithmOf(provider, client, 'id'),
    'logout+jwt',
  );
  try {
    const answer = await fetch(url, {
      method: 'POST',
      body: new URLSearchParams({ logout_token: token }),
      redirect: 'manual',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    await answer.body?.cancel();
  } catch {
    // Keycloak logs it and goes on.
  }
}

/** Ends a session and notifies its clients, as Keycloak does: before it answers, whatever they answer. */
export async function endSession(provider: Provider, session: Session, issuer: string): Promise<void> {
  provider.sessions.end(session);
  const clients = Object.keys(session.clients).flatMap((clientId) => provider.realm.client(clientId) ?? []);
  await Promise.all(clients.map((client) => sendLogoutToken(provider, client, session, issuer)));
}
