import { isAuthError, OptionsError, type Revocation } from 'keycloak-guard';
import { findOptionProblems, type OptionRules, toJsonObject } from 'keycloak-guard/unstable/connect';
import { type AdminAction, BadPush, revokeByAdminPush } from './admin-push.ts';
import { causeOf, type Grant } from './grant.ts';
import { type Exchange, type KeycloakHost, settle } from './host.ts';
import {
  beginKauth,
  type ConnectHandler,
  type ConnectRequest,
  type ConnectResponse,
  kauthOf,
  originOf,
  redirect,
  urlOf,
} from './request.ts';
import { withoutIgnored } from './setting-notices.ts';
import { finishSignIn } from './sign-in.ts';
import { readBearer } from './stores.ts';

const PUSHES: ReadonlyMap<string, AdminAction> = new Map([
  ['k_logout', 'LOGOUT'],
  ['k_push_not_before', 'PUSH_NOT_BEFORE'],
]);

/** A push has about 1 KiB, or more if it lists every session of a client. */
const MOST_BYTES = 256 * 1024;

/** Handles what Keycloak pushes to the client's admin URL. Returns `false` for every other path. */
function takeAdminPush({ keycloak, request, response }: Exchange, admin: string): boolean {
  const { url = '' } = request;
  if (!url.startsWith('k_', admin.length) || !url.startsWith(admin)) return false;
  const [path = ''] = url.split('?', 1);
  const action = PUSHES.get(path.slice(admin.length));
  if (action === undefined) return false;
  take(keycloak, action, request).then(
    () => finish(response, 200, 'ok'),
    (error: unknown) => {
      const { status, text } = toRefusal(error);
      finish(response, status, text);
    },
  );
  return true;
}

async function take(keycloak: KeycloakHost, action: AdminAction, request: ConnectRequest): Promise<void> {
  const push = await readBody(request);
  const { grantManager } = keycloak;
  const { verifier } = grantManager.engine;
  const { claims, revocations } = await revokeByAdminPush(verifier, push, action);
  const notBefore = notBeforeOf(revocations);
  if (notBefore !== undefined) grantManager.notBefore = notBefore;
  if (action === 'LOGOUT' && Array.isArray(claims.adapterSessionIds)) {
    for (const id of claims.adapterSessionIds) if (typeof id === 'string') keycloak.unstoreGrant(id);
  }
}

function notBeforeOf(revocations: readonly Revocation[]): number | undefined {
  const revocation = revocations.find((one) => one.type === 'not-before');
  return revocation?.type === 'not-before' ? revocation.notBefore : undefined;
}

/** Rejects with a `BadPush` if the body is too large, or a parser has already read it. */
function readBody(request: ConnectRequest): Promise<string> {
  if (typeof request.body === 'string') return Promise.resolve(request.body);
  if (request.method !== 'POST' || request.readableEnded) return Promise.reject(new BadPush());
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    // `for await` would close the connection when it stops reading, before the answer is sent.
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= MOST_BYTES) chunks.push(chunk);
      else reject(new BadPush());
    });
    request.on('end', () => resolve(Buffer.concat(chunks).toString('latin1')));
    request.on('close', () => reject(new BadPush()));
  });
}

/** keycloak-connect's texts; for a malformed token, that is the error its own code threw. None quotes the request. */
function toRefusal(error: unknown): { status: number; text: string } {
  if (!isAuthError(error)) return { status: 400, text: 'Bad Request' };
  switch (error.code) {
    case 'token_malformed':
      return { status: 401, text: "Cannot read properties of undefined (reading 'kid')" };
    case 'token_signature':
      return { status: 401, text: 'admin request failed: invalid token (signature)' };
    case 'provider_unavailable':
    case 'revocation_not_shared':
      return { status: 503, text: 'Service Unavailable' };
    default:
      return { status: 401, text: 'admin request failed: invalid token' };
  }
}

function finish(response: ConnectResponse, status: number, text: string): void {
  // Does not wait for the rest of a refused body.
  response.writeHead(status, {
    'content-type': 'text/plain',
    'cache-control': 'no-store',
    connection: 'close',
  });
  response.end(text);
}

/** Ends the session here, and sends the browser to Keycloak to end it there. Returns `false` for every other path. */
function signOut(exchange: Exchange, path: string): boolean {
  const { keycloak, request, response } = exchange;
  const url = request.url ?? '/';
  if (!url.startsWith(path)) return false;
  const [pathname = ''] = url.split('?', 1);
  if (pathname !== path) return false;
  if (isFromElsewhere(request)) {
    askFirst(response, urlOf(request));
    return true;
  }
  const idToken = takeAway(exchange);
  const target = new URLSearchParams(url.slice(pathname.length)).get('redirect_url');
  redirect(response, keycloak.logoutUrl(target || `${originOf(request)}/`, idToken));
  return true;
}

/**
 * Whether a page of another site made the browser send the request. Browsers say so on https and on localhost (Fetch
 * Metadata §2.3); on plain http they send that page's address at most. A typed address, or a program, has no other site.
 */
function isFromElsewhere(request: ConnectRequest): boolean {
  const site = request.headers['sec-fetch-site'];
  if (site !== undefined) return site === 'cross-site';
  const { referer, host } = request.headers;
  return referer !== undefined && URL.canParse(referer) && new URL(referer).host !== host;
}

/** A page of this site with a link to click. It refuses frames: another site could place it under a button. */
function askFirst(response: ConnectResponse, url: string): void {
  const target = /^\/(?![/\\])/.test(url) ? url : '/';
  response.writeHead(200, {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    'x-frame-options': 'DENY',
    'cross-origin-resource-policy': 'same-origin',
  });
  response.end(
    `<!doctype html><title>Sign out</title><p>Another site asks to sign you out. <a href="${escapeHtml(target)}">Sign out</a></p>\n`,
  );
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** @returns the ID token: Keycloak finds the session with it, even after it has expired */
function takeAway({ keycloak, request, response }: Exchange): string | undefined {
  const kauth = kauthOf(request);
  const [bearer, store] = keycloak.stores;
  const isBearer = bearer?.get(request) !== undefined;
  const kept: unknown = isBearer ? undefined : store?.get(request);
  if (kauth.grant !== undefined) settle(keycloak.deauthenticated(request));
  kauth.grant?.unstore?.(request, response);
  // Also drops a grant that could not be refreshed.
  if (!isBearer) store?.drop?.(request, response);
  if (!isBearer) refuseTokens(keycloak, kauth.grant);
  delete kauth.grant;
  const read = typeof kept === 'string' ? toJsonObject(kept) : (kept as Record<string, unknown> | undefined);
  return typeof read?.id_token === 'string' ? read.id_token : undefined;
}

/** Revokes the session's access tokens, in case one was copied. */
function refuseTokens({ grantManager }: KeycloakHost, grant: Grant | undefined): void {
  const { iss, sid } = grant?.access_token?.content ?? {};
  if (typeof iss !== 'string' || typeof sid !== 'string') return;
  const revocation = { type: 'session', issuer: iss, sessionId: sid } as const;
  grantManager.engine.verifier.revoke(revocation).catch(() => {});
}

/** Options of `keycloak.middleware(options)`. */
export interface MiddlewareOptions {
  /** Path that signs the caller out. Default `/logout`. */
  readonly logout?: string | undefined;
  /** Path below which Keycloak's pushes arrive: the client's "Admin URL". Default `/`. */
  readonly admin?: string | undefined;
}

const isPath = (value: unknown): boolean =>
  !value || (typeof value === 'string' && /^\/[^\s?#]*$/.test(value));

const RULES: OptionRules<MiddlewareOptions> = {
  logout: { rule: 'must be a path', example: "'/logout'", accepts: isPath },
  admin: { rule: 'must be a path', example: "'/'", accepts: isPath },
};

/** @throws {OptionsError} for a value that is not a path */
export function createMiddleware(keycloak: KeycloakHost, input: MiddlewareOptions = {}): ConnectHandler {
  const { verifier } = keycloak.grantManager.engine;
  const options = withoutIgnored('keycloak.middleware', input, RULES, verifier);
  const problems = findOptionProblems(options, RULES);
  if (problems.length > 0) throw new OptionsError('middleware', problems);
  const logout = options.logout || '/logout';
  const admin = (options.admin || '/').replace(/\/?$/, '/');

  return function keycloakMiddleware(request, response, next) {
    const kauth = beginKauth(request);
    const exchange = { keycloak, request, response, next };
    if (finishSignIn(exchange) || takeAdminPush(exchange, admin)) return;
    const goOn = (): void => {
      if (!signOut(exchange, logout)) next();
    };
    if (!hasGrant(keycloak, request)) {
      goOn();
      return;
    }
    keycloak
      .getGrant(request, response)
      .then(
        (grant) => {
          kauth.grant = grant;
        },
        (error: unknown) => {
          kauth.error = causeOf(error) ?? (error as Error);
        },
      )
      .then(goOn)
      // The application's `deauthenticated` may throw.
      .catch(next);
  };

  /** Requests without a token or session pass at once. */
  function hasGrant({ stores }: KeycloakHost, request: ConnectRequest): boolean {
    const bearer = readBearer(request);
    if (bearer instanceof Error) {
      // A malformed token must not fall back to the session.
      kauthOf(request).error = bearer;
      return false;
    }
    return typeof bearer === 'string' || stores.some((store) => store.get(request));
  }
}
