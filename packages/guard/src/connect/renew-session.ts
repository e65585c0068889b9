import { type ConnectRequest, type ConnectSession, sessionOf } from './request.ts';
import { TOKEN_KEY } from './stores.ts';

/**
 * A login is a session with a new id: one that somebody else knows is worth nothing (session fixation). What the
 * application keeps in it comes along. Sessions that have no id, as those of cookie-session, stay as they are.
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
