import { toJsonObject } from '../../core/internal.ts';
import type { Grant } from './grant.ts';
import { settle } from './hooks.ts';
import type { Exchange, KeycloakHost } from './host.ts';
import { type ConnectRequest, type ConnectResponse, kauthOf, originOf, redirect, urlOf } from './request.ts';

/** Ends the session here, and sends the browser to Keycloak to end it there. Returns `false` for every other path. */
export function signOut(exchange: Exchange, path: string): boolean {
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
  const wanted = new URLSearchParams(url.slice(pathname.length)).get('redirect_url');
  redirect(response, keycloak.logoutUrl(wanted || `${originOf(request)}/`, idToken));
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
