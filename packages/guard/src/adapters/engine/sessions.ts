import { OptionsError, type Principal } from '../../core/index.ts';
import {
  type Answer,
  checkOptions,
  loadPart,
  type Part,
  partOf,
  type SessionAuthenticator,
  then,
} from '../../core/internal.ts';
import type { Refusal, SessionOptions, SessionRequest, Sessions } from '../../session/index.ts';
import { SESSION_RULES, toPaths } from '../../session/options.ts';
import { openRoutes } from './answer-route.ts';
import { lateMembers } from './late.ts';
import type { SessionSettings } from './options.ts';
import type { SecurityEvents } from './parts/security-events.ts';
import { type PartHost, realmOf } from './realms.ts';
import { type Route, type Routes, toRoute } from './routes.ts';

/** The members of an engine that sessions need. */
interface SessionsHost<Incoming, Outgoing> extends PartHost<Incoming> {
  readonly securityEvents: Pick<SecurityEvents<Incoming>, 'session'> | undefined;
  toSessionRequest(request: Incoming): SessionRequest<Incoming>;
  addToAnswer(outgoing: Outgoing, extra: Pick<Answer, 'headers' | 'setCookies'>): void;
}

/**
 * Browser sessions. Unless the settings have a client, they are those of the adapter's own client.
 *
 * @param factory the function that the application called, for errors
 * @throws {OptionsError} naming every option that is missing, wrong or unknown
 */
export function createSessions<Incoming, Outgoing>(
  host: SessionsHost<Incoming, Outgoing>,
  options: SessionSettings<Incoming>,
  factory: string,
): OpenSessions<Incoming, Outgoing> {
  const settings = withObservers(Object(options) as typeof options, host.securityEvents);
  checkSettings(host, settings, factory);
  const part = loadPart(async () =>
    (await import('./parts/sessions.ts')).createSessions(host, settings, factory),
  );
  const ready = () => (part.loaded === undefined ? part.loading.catch(() => {}) : undefined);
  return { ...toOpenSessions(whenLoaded(settings, part), host), ready };
}

/** The paths that sessions answer, before they are loaded. */
export const toSessionPaths = ({ prefix = SESSION_RULES.prefix.default }: { prefix?: string | undefined }) =>
  toPaths(prefix);

/** Takes the place of the client that is made when sessions are loaded. */
const OWN_CLIENT = { clientId: '', startAuthorization() {} } as object as SessionOptions['client'];

/** @throws {OptionsError} */
function checkSettings<Incoming>(
  { tenants, verifier }: PartHost<Incoming>,
  settings: SessionSettings<Incoming>,
  factory: string,
): void {
  if (tenants?.isByIssuer) throw toProblem(factory, 'tenants', BY_ISSUER);
  if (tenants !== undefined && settings.client !== undefined)
    throw toProblem(factory, 'client', 'is that of each tenant: leave it out');
  const hasOwn = tenants !== undefined || realmOf(verifier) !== undefined;
  const { client = hasOwn ? OWN_CLIENT : undefined } = settings;
  checkOptions<SessionOptions>(factory, { ...settings, client } as SessionOptions, SESSION_RULES);
}

const BY_ISSUER =
  'must be { of, get } where people sign in: a browser has no token that could say whose it is';

function toProblem(factory: string, option: string, rule: string): OptionsError {
  const example = '{ of: ({ hostname }) => nameOf(hostname), get: (name) => db.tenants.find(name) }';
  return new OptionsError(factory, [{ option, rule, example }]);
}

/** Observers get the events of sessions, beside the listener of the settings. */
function withObservers<Incoming>(
  settings: SessionSettings<Incoming>,
  events: SessionsHost<Incoming, never>['securityEvents'],
): SessionSettings<Incoming> {
  const { onEvent } = settings;
  if (events === undefined || (onEvent !== undefined && typeof onEvent !== 'function')) return settings;
  return {
    ...settings,
    onEvent(...event) {
      events.session(...event);
      return onEvent?.(...event);
    },
  };
}

function whenLoaded<Incoming>(
  settings: SessionSettings<Incoming>,
  part: Part<Sessions<Incoming>>,
): Sessions<Incoming> {
  return {
    paths: toSessionPaths(settings),
    authenticate: (request, isUse) => then(partOf(part), (all) => all.authenticate(request, isUse)),
    // A guard has waited for this: for a session, or before it looked whose the request is.
    inviteToLogin: (request) => part.loaded?.inviteToLogin(request) ?? null,
    refusalPage: (request, refusal) => part.loaded?.refusalPage(request, refusal) ?? null,
    stepUp: (request, demand) => part.loaded?.stepUp(request, demand),
    ...lateMembers(() => part.loading, 'accessToken', 'startLogin', 'finishLogin', 'describe'),
    ...lateMembers(() => part.loading, 'signOut', 'refused', 'close'),
  };
}

/** The sessions of an adapter, as guards use them. */
export interface OpenSessions<Incoming, Outgoing> {
  /** Until they are loaded, a promise of it, which never rejects: for the page of a person at the address of no tenant. */
  ready(): Promise<unknown> | undefined;
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
function toOpenSessions<Incoming, Outgoing>(
  opened: Sessions<Incoming>,
  { toSessionRequest, addToAnswer }: SessionsHost<Incoming, Outgoing>,
): Omit<OpenSessions<Incoming, Outgoing>, 'ready'> {
  function authenticate(request: Incoming, outgoing: Outgoing) {
    const session = opened.authenticate(toSessionRequest(request));
    const take = ({ principal, ...extra }: Awaited<typeof session>): Principal | null => {
      addToAnswer(outgoing, extra);
      return principal;
    };
    return session instanceof Promise ? session.then(take) : take(session);
  }
  const stepUp: SessionAuthenticator<Incoming, Outgoing>['stepUp'] = (request, demand) =>
    opened.stepUp(toSessionRequest(request), demand);
  return {
    authenticate: Object.assign(authenticate, { stepUp }),
    watch: async (request) => (await opened.authenticate(toSessionRequest(request), false)).principal,
    inviteToLogin: (request) => opened.inviteToLogin(toSessionRequest(request)) ?? undefined,
    refusalPage: (request, refusal) => opened.refusalPage(toSessionRequest(request), refusal) ?? undefined,
    accessToken: (request) => opened.accessToken(toSessionRequest(request)),
    routes: toSessionRoutes(opened, toSessionRequest),
    close: () => opened.close(),
  };
}

/** The routes of login, callback, session, logout and refusals. */
function toSessionRoutes<Incoming>(
  sessions: Sessions<Incoming>,
  toSessionRequest: (request: Incoming) => SessionRequest<Incoming>,
): Routes<Incoming> {
  const { paths } = sessions;
  const by =
    (name: keyof typeof paths): Route<Incoming>['answer'] =>
    (request) =>
      sessions[name](toSessionRequest(request));
  return openRoutes([
    toRoute('GET', paths.startLogin, by('startLogin'), { takesHead: true }),
    toRoute('GET', paths.finishLogin, by('finishLogin')),
    toRoute('GET', paths.describe, by('describe'), { takesHead: true }),
    toRoute('POST', paths.signOut, by('signOut')),
    toRoute('GET', paths.refused, by('refused'), { takesHead: true }),
  ]);
}
