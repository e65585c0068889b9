import type { IncomingMessage, ServerResponse } from 'node:http';
import { decodeCookie, hasSeveralHosts, readCookie, toSetCookie } from 'keycloak-guard/unstable/connect';
import type { Grant } from './grant.ts';

/** The member `kauth` that the middleware sets on each request. */
export interface Kauth {
  /** The caller's tokens. Missing for an unknown caller. */
  grant?: Grant | undefined;
  /** Why the grant is missing although a token or session came: an `AuthError`, a `ClientError` or another error. */
  error?: Error | undefined;
}

/** The members of an Express 4 or 5 request that are read here. */
export interface ConnectRequest extends IncomingMessage {
  originalUrl?: string;
  readonly protocol?: string;
  readonly hostname?: string;
  session?: object | null;
  sessionID?: string;
  body?: unknown;
}

/** Members of a request after the middleware: `(request as Request & KauthRequest).kauth.grant?.access_token`. */
export interface KauthRequest {
  /** The caller. */
  kauth: Kauth;
  /** The permissions that Keycloak granted, after an `enforcer`. */
  permissions?: unknown;
}

/** An Express 4 or 5 response. */
export type ConnectResponse = ServerResponse;

/** Continues with the next handler, or reports an error to Express. */
export type Next = (error?: unknown) => void;

/** A middleware for `app.use` and routes. */
export type ConnectHandler = (request: ConnectRequest, response: ConnectResponse, next: Next) => void;

/** The members of an express-session session that are used here. */
export interface ConnectSession {
  id?: string;
  'keycloak-token'?: string;
  auth_redirect_uri?: string;
  regenerate?(callback: (error: unknown) => void): unknown;
  [key: string]: unknown;
}

export function sessionOf(request: ConnectRequest): ConnectSession | undefined {
  return (request.session as ConnectSession | null | undefined) ?? undefined;
}

/** Begins anew: the verdict on an earlier request of the same object does not count. */
export function beginKauth(request: ConnectRequest): Kauth {
  const kauth: Kauth = {};
  (request as ConnectRequest & KauthRequest).kauth = kauth;
  return kauth;
}

/** Leaves what was granted where keycloak-connect leaves it. */
export function keepPermissions(request: ConnectRequest, granted: KauthRequest['permissions']): void {
  (request as ConnectRequest & KauthRequest).permissions = granted;
}

export function kauthOf(request: ConnectRequest): Kauth {
  const holder = request as ConnectRequest & KauthRequest;
  holder.kauth ??= {};
  return holder.kauth;
}

/** Path and query as they were sent, wherever the middleware is mounted. */
export function urlOf(request: ConnectRequest): string {
  return request.originalUrl ?? request.url ?? '/';
}

/** Scheme, host and port that the browser used, as Express sees them (`trust proxy`). A request that names several hosts has none. */
export function originOf(request: ConnectRequest): string {
  if (hasSeveralHosts(request)) return `${request.protocol ?? 'http'}://`;
  const port = /:\d+$/.exec(request.headers.host ?? '')?.[0] ?? '';
  return `${request.protocol ?? 'http'}://${request.hostname ?? 'localhost'}${port}`;
}

export function isSecure(request: ConnectRequest): boolean {
  return request.protocol === 'https';
}

/** On https, the prefix keeps other hosts from setting the cookie (RFC 6265bis §4.1.3.2). */
export function nameOnHost(name: string, secure: boolean): string {
  return `${secure ? '__Host-' : ''}${name}`;
}

/** The value of a cookie of this host; `undefined` if it is missing or was not set here. */
export function cookieOf(request: ConnectRequest, name: string): string | undefined {
  const value = readCookie(request.headers.cookie, nameOnHost(name, isSecure(request)));
  return value === undefined ? undefined : (decodeCookie(value) ?? undefined);
}

/** Sets a cookie of this host. Without `maxAgeSeconds` it lives as long as the browser runs. @throws {TypeError} if it is too long */
export function setCookie(
  request: ConnectRequest,
  response: ConnectResponse,
  { name, value, maxAgeSeconds }: { name: string; value: string; maxAgeSeconds?: number },
): void {
  const secure = isSecure(request);
  const cookie = toSetCookie({ name: nameOnHost(name, secure), value, secure, maxAgeSeconds });
  response.appendHeader('set-cookie', cookie);
}

/** Not cacheable, because the answer depends on a cookie. */
export function redirect(response: ConnectResponse, location: string): void {
  response.writeHead(302, { location, 'cache-control': 'no-store' }).end();
}
