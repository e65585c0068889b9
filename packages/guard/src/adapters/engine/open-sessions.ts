import type { Principal } from '../../core/index.ts';
import type { Answer, SessionAuthenticator } from '../../core/internal.ts';
import type { Refusal, SessionOptions, SessionRequest, Sessions } from '../../session/index.ts';
import { type Route, type Routes, toRoute, toRoutes } from './routes.ts';

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
  /** A page in place of a refusal's JSON, if a browser asks for one. */
  refusalPage(request: Incoming, refusal: Refusal): Answer | undefined;
  accessToken(request: Incoming): Promise<string | null>;
  readonly routes: Routes<Incoming>;
  close(): Promise<void>;
}

/** Translates requests for sessions. */
export function createOpenSessions<Incoming, Outgoing>(
  opened: Sessions<Incoming>,
  toWire: (request: Incoming) => SessionRequest<Incoming>,
  addToAnswer: (outgoing: Outgoing, extra: Pick<Answer, 'headers' | 'setCookies'>) => void,
): OpenSessions<Incoming, Outgoing> {
  function authenticate(request: Incoming, outgoing: Outgoing) {
    const found = opened.authenticate(toWire(request));
    const take = ({ principal, ...extra }: Awaited<typeof found>): Principal | null => {
      addToAnswer(outgoing, extra);
      return principal;
    };
    return found instanceof Promise ? found.then(take) : take(found);
  }
  const stepUp: SessionAuthenticator<Incoming, Outgoing>['stepUp'] = (request, demand) =>
    opened.stepUp(toWire(request), demand);
  return {
    authenticate: Object.assign(authenticate, { stepUp }),
    watch: async (request) => (await opened.authenticate(toWire(request), false)).principal,
    inviteToLogin: (request) => opened.inviteToLogin(toWire(request)) ?? undefined,
    refusalPage: (request, refusal) => opened.refusalPage(toWire(request), refusal) ?? undefined,
    accessToken: (request) => opened.accessToken(toWire(request)),
    routes: toSessionRoutes(opened, toWire),
    close: () => opened.close(),
  };
}

/** The routes of login, callback, session and logout. */
function toSessionRoutes<Incoming>(
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
