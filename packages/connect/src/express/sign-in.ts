import { AuthorizationError } from 'keycloak-guard/client';
import { outageOf } from './grant.ts';
import { deny, type Exchange, fail, type KeycloakHost, settle } from './host.ts';
import {
  beginLogin,
  bindLogin,
  type Login,
  type LoginAnswer,
  markChecked,
  readLoginAnswer,
  toLoginQuery,
} from './login.ts';
import { type ConnectRequest, type ConnectSession, kauthOf, redirect, sessionOf } from './request.ts';
import { TOKEN_KEY } from './stores.ts';

/** Sends the browser to Keycloak's login page. */
export function forceLogin({ keycloak, request, response }: Omit<Exchange, 'next'>, query = ''): void {
  const login = beginLogin(request, response);
  const session = sessionOf(request);
  // Applications that exchange codes themselves read this.
  if (session !== undefined) session.auth_redirect_uri = login.redirectUri;
  redirect(response, keycloak.loginUrl(login.state, login.redirectUri) + toLoginQuery(login) + query);
}

/** Answers to `prompt=none` if Keycloak would have to ask the person (OpenID Connect Core 1.0 §3.1.2.6). */
const NOT_LOGGED_IN = new Set([
  'login_required',
  'interaction_required',
  'consent_required',
  'account_selection_required',
]);

/** Finishes a login that the browser brings back from Keycloak. Returns `false` for any other request. */
export function finishSignIn(exchange: Exchange): boolean {
  const { keycloak, request, response } = exchange;
  const answer = readLoginAnswer(request);
  if (answer === undefined) return false;
  const { login, parameters, returnTo, hasCookie } = answer;
  if (login === null) {
    // Another tab may have begun a login at the same moment; asked again, Keycloak knows the person. Without cookies this
    // would never end.
    if (hasCookie) redirect(response, returnTo);
    else refuse(exchange);
  } else if (NOT_LOGGED_IN.has(parameters.get('error') ?? '')) {
    markChecked(request, response);
    redirect(response, returnTo);
  } else if (parameters.has('error') || !isOfIssuer(keycloak, parameters)) {
    refuse(exchange);
  } else {
    signIn(exchange, answer, login).catch((error: unknown) => fail(error, response));
  }
  return true;
}

async function signIn(
  exchange: Exchange,
  { parameters, returnTo }: LoginAnswer,
  login: Login,
): Promise<void> {
  const { keycloak, request, response, next } = exchange;
  const kauth = kauthOf(request);
  try {
    bindLogin(request, login);
    // Before the code is exchanged, because the exchange tells Keycloak the session's new id.
    await renewSession(request);
    kauth.grant = await keycloak.getGrantFromCode(parameters.get('code') ?? '', request, response);
  } catch (error) {
    kauth.error = error as Error;
    const outage = outageOf(error);
    if (outage !== undefined) return next(outage);
    kauth.error = new AuthorizationError('refused', undefined);
    deny(exchange);
    return;
  }
  try {
    settle(keycloak.authenticated(request));
  } catch (error) {
    // The person is signed in, even if the application's own listener fails.
    console.error(error);
  }
  redirect(response, returnTo);
}

/** RFC 9207 §2.4: if the discovery document promises `iss`, an answer without it comes from another server. */
function isOfIssuer({ grantManager }: KeycloakHost, parameters: URLSearchParams): boolean {
  const discovery = grantManager.engine.verifier.issuer.current;
  const [issuer, ...more] = parameters.getAll('iss');
  if (discovery === null) return true;
  if (issuer === undefined) return discovery.metadata.authorization_response_iss_parameter_supported !== true;
  return more.length === 0 && issuer === discovery.issuer;
}

function refuse(exchange: Exchange): void {
  kauthOf(exchange.request).error = new AuthorizationError('invalid_response', undefined);
  deny(exchange);
}

/**
 * Gives the session a new id at login, so that an id that an attacker knows is worthless (session fixation). What the
 * application keeps in the session stays. Sessions without an id, such as cookie-session's, are left as they are.
 */
async function renewSession(request: ConnectRequest): Promise<void> {
  const before = sessionOf(request);
  if (typeof before?.regenerate !== 'function') return;
  const { cookie, [TOKEN_KEY]: _, ...kept } = before as ConnectSession & { cookie?: unknown };
  await new Promise<void>((resolve, reject) => {
    before.regenerate?.((error) => (error ? reject(error) : resolve()));
  });
  Object.assign(sessionOf(request) ?? {}, kept);
}
