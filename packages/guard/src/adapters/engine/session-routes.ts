import type { Answer, SessionAuthenticator } from '../../core/internal.ts';
import type { SessionOptions, SessionRequest, Sessions } from '../../session/index.ts';
import { type Route, type Routes, toRoutes } from './routes.ts';

/**
 * Options of browser sessions in an adapter. `client` may be left out if the adapter was given `serverUrl`: then it is
 * that client, with its credential.
 */
export type SessionSettings<Incoming> = Omit<SessionOptions<Incoming>, 'client'> &
  Partial<Pick<SessionOptions<Incoming>, 'client'>>;

/** The sessions of an adapter, as guards use them. */
export interface OpenSessions<Incoming, Outgoing> {
  /** Finds the caller by the session cookie. */
  readonly authenticate: SessionAuthenticator<Incoming, Outgoing>;
  /** As `authenticate`, but does not count as a use of the session. */
  readonly watch: SessionAuthenticator<Incoming, null>;
  inviteToLogin(request: Incoming): Answer | undefined;
  accessToken(request: Incoming): Promise<string | null>;
  readonly routes: Routes<Incoming>;
  close(): Promise<void>;
}

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
