import type { Principal, TokenVerifier } from '../core/index.ts';
import {
  checkOptions,
  type OptionRules,
  optionRules,
  partsOf,
  type SignInDemand,
  toJsonAnswer,
} from '../core/internal.ts';
import { createAddressOf, type SessionContext } from './context.ts';
import { createSealer } from './cookie/seal.ts';
import { NOT_FOR_CACHES, redirectTo, type SessionAnswer, toRefusalPage } from './http/answer.ts';
import { isPageRequest, type SessionRequest } from './http/request.ts';
import {
  accessTokenOf,
  createAuthenticator,
  describeSession,
  type SessionPrincipal,
} from './login/authenticator.ts';
import { finishLogin, startLogin } from './login/login.ts';
import { signOut } from './login/sign-out.ts';
import { inviteToLogin, toStepUpPath } from './login/step-up.ts';
import { SESSION_RULES, type SessionOptions, type SessionPaths, toPaths } from './options.ts';
import type { Endings } from './record/endings.ts';
import { createSessionKeeper } from './record/keeper.ts';
import { isInMemory, type SessionStore } from './record/store.ts';
import { type ResolvedSessionOptions, resolveSessionOptions } from './resolved-options.ts';

/** Options of {@link createSessions}. */
export interface SessionsOptions<Source = unknown> extends SessionOptions<Source> {
  /** Checks the access tokens of sessions. Its creator closes it. */
  readonly verifier: TokenVerifier;
}

/** The refusal of a person who is signed in. */
export interface Refusal {
  /** Its answer to a program. */
  readonly answer: SessionAnswer;
  readonly detail: string;
  /** `null`: it is nobody's, for the address is no tenant's. */
  readonly principal: Principal | null;
}

/**
 * Browser sessions of an app, for any framework: pass its requests and send the answers. Where one
 * throws or rejects with an `AuthError`, the error has status, headers and detail of the answer.
 */
export interface Sessions<Source = unknown> {
  /** The paths at which the framework has to call the methods of these names. */
  readonly paths: SessionPaths;
  /**
   * The caller by the session cookie; synchronous if session and token are known. Add `headers` and `setCookies` to
   * every answer.
   *
   * @param isUse whether the session's idle time begins anew. Default true
   * @throws {AuthError} (or rejects with one) `cross_origin_request`, `session_store_unavailable`, or what a verifier throws
   */
  authenticate(
    request: SessionRequest<Source>,
    isUse?: boolean,
  ): SessionPrincipal | Promise<SessionPrincipal>;
  /**
   * The access token of the session, renewed when it is about to expire: for a call of another API on behalf of the person.
   * `null`: no one is signed in. It is a secret of this process: never send it to the browser.
   *
   * @throws {AuthError} rejects with what `authenticate` throws
   */
  accessToken(request: SessionRequest<Source>): Promise<string | null>;
  /**
   * A guard's answer if a page is requested and no one is signed in: to the login, and back to the page. `null` where
   * the request is for something else, or `redirectToLogin` is false.
   */
  inviteToLogin(request: SessionRequest<Source>): SessionAnswer | null;
  /**
   * The same refusal for a person, if a page is requested: in place of JSON, a page that says who is signed in, with ways out.
   * `null` where the request is for something else.
   */
  refusalPage(request: SessionRequest<Source>, refusal: Refusal): SessionAnswer | null;
  /**
   * The path for a page that was refused because its person did not sign in strongly or recently enough
   * (`AuthError.signIn`), or acts for another organization (`AuthError.tenant`): from there the browser goes to Keycloak, and comes back to the page. `undefined` where the request
   * is not for a page; send the refusal.
   */
  stepUp(request: SessionRequest<Source>, demand: SignInDemand): string | undefined;
  /**
   * Sends the browser to Keycloak; with `?return_to=/path` it comes back to that path. Where organizations are the tenants,
   * `?organization=acme` begins a session that acts for that one: of a person who is signed in, Keycloak asks nothing.
   */
  startLogin(request: SessionRequest<Source>): Promise<SessionAnswer>;
  /** Takes the browser back from Keycloak, and begins a session. */
  finishLogin(request: SessionRequest<Source>): Promise<SessionAnswer>;
  /** `{"authenticated", "user", "idle_expires_at", "expires_at"}`, times in seconds since 1970. Not a use of the session. */
  describe(request: SessionRequest<Source>): Promise<SessionAnswer>;
  /**
   * Ends the session here, then sends the browser to Keycloak, which ends its own, and with it those of all applications in this
   * browser. With `?scope=app` Keycloak's session goes on: the next login asks for no password. With `?scope=everywhere` the
   * person's sessions on other devices end, too, for which they need the role `manage-account` of the client `account`.
   *
   * @throws {AuthError} `cross_origin_request`, unless a page of this origin asks for it
   */
  signOut(request: SessionRequest<Source>): Promise<SessionAnswer>;
  /**
   * The page of {@link Sessions.refusalPage} at an address of its own, for frameworks whose pages can answer with nothing but a
   * redirect. Who is not signed in is sent to the page at `/`.
   */
  refused(request: SessionRequest<Source>): Promise<SessionAnswer>;
  /** Updates the store with what it missed. A given store stays open. */
  close(): Promise<void>;
}

const RULES: OptionRules<SessionsOptions> = {
  ...SESSION_RULES,
  verifier: optionRules.required(
    optionRules.having('a verifier', ['verify', 'load'], 'createVerifier(…) or combineVerifiers([…])'),
  ),
};

/**
 * Signs people in with the browser and keeps them signed in, with a cookie that holds no token.
 *
 * The client in Keycloak needs the standard flow, `<public URL>/auth/callback` as redirect URI and `<public URL>/` as
 * post logout redirect URI.
 *
 * @throws {OptionsError} naming every option that is missing, wrong or unknown
 * @see OAuth 2.0 for Browser-Based Applications, §6.1 "Backend For Frontend"; RFC 9700
 * @example
 * const sessions = createSessions({ verifier, client: createClient(keycloak), secret, publicUrl });
 * const { status, headers, setCookies, body } = await sessions.startLogin(request);
 */
export function createSessions<Source = unknown>(options: SessionsOptions<Source>): Sessions<Source> {
  checkOptions('createSessions', options, RULES as OptionRules<SessionsOptions<Source>>);
  const { verifier, ...rest } = options;
  return buildSessions(verifier, resolveSessionOptions(rest), options.store === undefined);
}

/**
 * @param isOwnStore created here, so it is closed here
 * @param endings shared with others of the same store, and closed by their owner. Default: own ones
 * @param keyPrefix how their keys in the store begin
 */
export function buildSessions(
  verifier: TokenVerifier,
  options: ResolvedSessionOptions,
  isOwnStore: boolean,
  endings?: Endings,
  keyPrefix = '',
): Sessions {
  const { prefix, secrets, store } = options;
  warnOfUnsharedLogout(verifier, store);
  const keeper = createSessionKeeper(options, endings, keyPrefix);
  const sealer = createSealer(secrets);
  const hasOrganizations = verifier.members.some((one) => partsOf(one)?.tenants === 'organizations');
  const addressOf = createAddressOf(options);
  const context: SessionContext = { options, keeper, sealer, verifier, addressOf, hasOrganizations };
  const authenticate = createAuthenticator(context);

  function refusalPage(
    request: SessionRequest,
    { answer, detail, principal }: Refusal,
  ): SessionAnswer | null {
    if (principal === null || !isPageRequest(request)) return null;
    const { path } = addressOf(request);
    const person = principal.name ?? principal.username ?? principal.subject ?? 'somebody without a name';
    const isActing = hasOrganizations && principal.tenant !== undefined;
    const name = isActing ? `${person}, for the organization ${principal.tenant}` : person;
    return toRefusalPage(answer, detail, {
      name,
      homePath: `${path}/`,
      signOutPath: `${path}${prefix}/logout`,
    });
  }

  return {
    paths: toPaths(prefix),
    authenticate,
    accessToken: (request) => accessTokenOf(context, authenticate, request),
    inviteToLogin: (request) => inviteToLogin(context, request),
    refusalPage,
    stepUp: (request, demand) => toStepUpPath(context, request, demand),
    startLogin: (request) => startLogin(context, request),
    finishLogin: (request) => finishLogin(context, request),
    describe: (request) => describeSession(context, authenticate, request),
    signOut: (request) => signOut(context, request, () => accessTokenOf(context, authenticate, request)),
    async refused(request) {
      const { principal, setCookies } = await authenticate(request, false);
      if (principal === null) return redirectTo(`${addressOf(request).path}/`, setCookies);
      const detail = 'Not enough permissions';
      const answer = toJsonAnswer(403, NOT_FOR_CACHES, { detail }, setCookies);
      return refusalPage(request, { answer, detail, principal }) ?? answer;
    },
    async close() {
      await keeper.close();
      if (isOwnStore) await store.close();
    },
  };
}

/** Warns if other processes may see the sessions, but cannot learn from this one that they ended. */
function warnOfUnsharedLogout({ members }: TokenVerifier, store: SessionStore): void {
  if (isInMemory(store)) return;
  // Of a verifier of the application's own, it is not known.
  members
    .find(({ hasRevocationStore }) => hasRevocationStore === false)
    ?.notify({
      level: 'warn',
      code: 'logout_not_shared',
      message:
        'Sessions have a store that other processes can share, but revocations stay in this one: a logout here counts in the others only some seconds later',
      fix: 'Give the verifier a revocationStore too, such as createRedisRevocationStore(…); createMemoryRevocationStore() for a single process',
    });
}
