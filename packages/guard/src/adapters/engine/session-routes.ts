import type { SessionOptions, SessionRequest, Sessions } from '../../session/index.ts';
import { type Route, type Routes, toRoutes } from './routes.ts';

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
  const { paths, startLogin, finishLogin, describe, signOut } = sessions;
  const route = (
    method: Route<Incoming>['method'],
    path: string,
    takesHead: boolean,
    answer: Sessions<Incoming>['startLogin'],
  ): Route<Incoming> => ({
    method,
    path,
    takesHead,
    readsBody: false,
    answer: (request) => answer(toWire(request)),
  });
  return toRoutes([
    route('GET', paths.startLogin, true, startLogin),
    route('GET', paths.finishLogin, false, finishLogin),
    route('GET', paths.describe, true, describe),
    route('POST', paths.signOut, false, signOut),
  ]);
}
