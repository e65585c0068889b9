import { type ConnectRequest, type ConnectSession, sessionOf } from './request.ts';
import { TOKEN_KEY } from './stores.ts';

/**
 * Gives the session a new id at login, so that an id that an attacker knows is worthless (session fixation). What the
 * application keeps in the session stays. Sessions without an id, such as cookie-session's, are left as they are.
 */
export async function renewSession(request: ConnectRequest): Promise<void> {
  const before = sessionOf(request);
  if (typeof before?.regenerate !== 'function') return;
  const { cookie, [TOKEN_KEY]: _, ...kept } = before as ConnectSession & { cookie?: unknown };
  await new Promise<void>((resolve, reject) => {
    before.regenerate?.((error) => (error ? reject(error) : resolve()));
  });
  Object.assign(sessionOf(request) ?? {}, kept);
}
