import type { SessionOptions, SessionRequest, Sessions } from '../../session/index.ts';
import { type Route, type Routes, toRoute, toRoutes } from './routes.ts';

/**
 * Options of browser sessions in an adapter. `client` may be left out if the adapter was given `serverUrl`: then it is
 * that client, with its credential.
 */
export type SessionSettings<Incoming> = Omit<SessionOptions<Incoming>, 'client'> &
  Partial<Pick<SessionOptions<Incoming>, 'client'>>;

/** The routes of login, callback, session and logout. */
export function toSessionRoutes<Incoming>(
  sessions: Sessions<Incoming>,
  toWire: (request: Incoming) => SessionRequest<Incoming>,
): Routes<Incoming> {
  const { paths } = sessions;
  const by =
    (name: keyof typeof paths): Route<Incoming>['answer'] =>
    (request) =>
      sessions[name](toWire(request));
  return toRoutes([
    toRoute('GET', paths.startLogin, by('startLogin'), { takesHead: true }),
    toRoute('GET', paths.finishLogin, by('finishLogin')),
    toRoute('GET', paths.describe, by('describe'), { takesHead: true }),
    toRoute('POST', paths.signOut, by('signOut')),
  ]);
}
