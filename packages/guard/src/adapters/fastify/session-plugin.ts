import type { FastifyReply, FastifyRequest } from 'fastify';
import type { SessionAnswer, SessionOptions, SessionPrincipal, SessionRequest } from '../../session/index.ts';
import type { SessionSettings } from '../engine/internal.ts';
import { asPlugin } from './as-plugin.ts';
import type { SessionAuthenticator } from './guard-hook.ts';
import { OWN_CLIENT, REFUSE, SESSIONS } from './refuse.ts';
import { addHeaders, send } from './send.ts';

/**
 * Options of {@link keycloakSession}. `client` may be left out where `keycloakGuard` was given `serverUrl` and `clientSecret`:
 * then it is that client.
 */
export type KeycloakSessionOptions = SessionSettings<FastifyRequest>;

/**
 * Fastify plugin: signs people in with the browser and keeps them signed in, with a cookie that holds no token.
 * Guards of the scope it is registered in then take the cookie as well as a bearer token. Needs `keycloakGuard`.
 *
 * - `GET /auth/login?return_to=/path` → Keycloak → `GET /auth/callback` → back
 * - `GET /auth/session` → `{"authenticated", "user", "idle_expires_at", "expires_at"}`, times in seconds since 1970
 * - `POST /auth/logout` → Keycloak → back; only from a page of this origin
 *
 * The client in Keycloak needs the standard flow, `<public URL>/auth/callback` as redirect URI and `<public URL>/` as
 * post logout redirect URI. Register `backchannelLogout` too, so that a logout in Keycloak ends sessions at once.
 *
 * @throws {OptionsError} at registration, naming every option that is missing or wrong
 * @see OAuth 2.0 for Browser-Based Applications, §6.1 "Backend For Frontend"; RFC 9700
 * @example
 * await app.register(keycloakGuard, keycloak);
 * await app.register(keycloakSession, { secret: process.env.SESSION_SECRET ?? '' });
 */
export const keycloakSession = asPlugin<KeycloakSessionOptions>(
  'keycloak-guard-session',
  async (app, given) => {
    // Applications that only guard routes load nothing of it.
    const { buildSessions, resolveSessionOptions } = await import('../../session/internal.ts');
    const client = given.client ?? (await app[OWN_CLIENT]());
    const options = resolveSessionOptions({ ...given, client } as SessionOptions, 'keycloakSession');
    const sessions = buildSessions(app.verifier, options, given.store === undefined);
    const { paths } = sessions;
    const toRequest = createTranslator(options.publicUrl);

    const authenticate: SessionAuthenticator = (request, reply) => {
      const found = sessions.authenticate(toRequest(request));
      return found instanceof Promise ? found.then((late) => take(late, reply)) : take(found, reply);
    };
    authenticate.stepUp = (request, signIn) => sessions.stepUp(toRequest(request), signIn);
    app.decorate('sessionAuthenticator', authenticate);

    app.decorate(SESSIONS, {
      inviteToLogin: (request) => sessions.inviteToLogin(toRequest(request)),
      accessToken: (request) => sessions.accessToken(toRequest(request)),
      watch: async (request) => (await sessions.authenticate(toRequest(request), false)).principal,
    });

    const route =
      (answer: (request: SessionRequest) => Promise<SessionAnswer>) =>
      async (request: FastifyRequest, reply: FastifyReply) => {
        // An error is not for caches either.
        reply.header('cache-control', 'no-store');
        try {
          return send(reply, await answer(toRequest(request)));
        } catch (error) {
          app[REFUSE](error, request, reply, (fault) => {
            throw fault;
          });
          return reply;
        }
      };
    app.get(paths.startLogin, OPEN, route(sessions.startLogin));
    app.get(paths.finishLogin, { ...OPEN, exposeHeadRoute: false }, route(sessions.finishLogin));
    app.get(paths.describe, OPEN, route(sessions.describe));
    app.register(async (scope) => {
      // A form without fields; what is in a body is not read.
      scope.removeAllContentTypeParsers();
      scope.addContentTypeParser('*', { parseAs: 'string', bodyLimit: 16 * 1024 }, (_request, _body, done) =>
        done(null, undefined),
      );
      scope.post(paths.signOut, OPEN, route(sessions.signOut));
    });
    app.addHook('onClose', () => sessions.close());
  },
  ['keycloak-guard'],
);

/** People who are signed out must reach these, whatever else of the app is guarded. They are in no OpenAPI document. */
const OPEN = { schema: { hide: true } as object, config: { guard: false } } as const;

/** @param publicUrl where there is one, nobody asks by which name the app was called */
function createTranslator(publicUrl: string | undefined) {
  return (request: FastifyRequest): SessionRequest<FastifyRequest> => ({
    method: request.raw.method,
    url: request.url,
    headers: request.raw.headers,
    origin: publicUrl === undefined ? `${request.protocol}://${request.host}` : undefined,
    id: request.id,
    log: request.log,
    source: request,
  });
}

function take({ principal, headers, setCookies }: SessionPrincipal, reply: FastifyReply) {
  if (setCookies.length > 0) addHeaders(reply, { headers, setCookies });
  return principal;
}
