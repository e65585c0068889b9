import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Grant } from './grant.ts';

/** What the middleware puts on each request as `request.kauth`. */
export interface Kauth {
  /** Who is calling; missing where nobody is. */
  grant?: Grant | undefined;
  /** Why there is no grant, where one was brought along or looked for: an `AuthError`, a `ClientError`, or another. */
  error?: Error | undefined;
}

/** A request of Express 4 or 5, as far as it is read here. */
export interface ConnectRequest extends IncomingMessage {
  originalUrl?: string;
  readonly protocol?: string;
  readonly hostname?: string;
  session?: object | null;
  sessionID?: string;
  body?: unknown;
}

/** What is on a request behind the middleware: `(request as Request & KauthRequest).kauth.grant?.access_token`. */
export interface KauthRequest {
  kauth: Kauth;
  /** What Keycloak granted, behind an `enforcer`. */
  permissions?: unknown;
}

/** An answer of Express 4 or 5, as far as it is used here. */
export type ConnectResponse = ServerResponse;

/** Tells Express to go on, or what went wrong. */
export type Next = (error?: unknown) => void;

/** A middleware, as `app.use` takes it. */
export type ConnectHandler = (request: ConnectRequest, response: ConnectResponse, next: Next) => void;

/** Sessions of express-session, as far as they are used here. */
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

export function kauthOf(request: ConnectRequest): Kauth {
  const holder = request as ConnectRequest & KauthRequest;
  holder.kauth ??= {};
  return holder.kauth;
}

/** Path and query as they came, wherever the middleware is mounted. */
export function urlOf(request: ConnectRequest): string {
  return request.originalUrl ?? request.url ?? '/';
}

/** Scheme, host and port by which the browser called, as Express sees them (`trust proxy`). */
export function originOf(request: ConnectRequest): string {
  const port = /:\d+$/.exec(request.headers.host ?? '')?.[0] ?? '';
  return `${request.protocol ?? 'http'}://${request.hostname ?? 'localhost'}${port}`;
}

export function isSecure(request: ConnectRequest): boolean {
  return request.protocol === 'https';
}

/** Not for caches: whose it is, a cookie says. */
export function redirect(response: ConnectResponse, location: string): void {
  response.writeHead(302, { location, 'cache-control': 'no-store' }).end();
}
