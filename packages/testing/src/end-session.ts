import { sendLogoutToken } from './backchannel-logout.ts';
import type { Provider } from './provider.ts';
import type { Session } from './session.ts';

/** Ends a session and notifies its clients, as Keycloak does: before it answers, whatever they answer. */
export async function endSession(provider: Provider, session: Session, issuer: string): Promise<void> {
  provider.sessions.end(session);
  const clients = Object.keys(session.clients).flatMap((clientId) => provider.realm.client(clientId) ?? []);
  await Promise.all(clients.map((client) => sendLogoutToken(provider, client, session, issuer)));
}
