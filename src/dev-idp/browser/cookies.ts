import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Provider } from '../provider.ts';
import type { User } from '../realm/user.ts';
import type { Session } from '../sessions.ts';

const IDENTITY = 'KEYCLOAK_IDENTITY';
const BROWSER = 'AUTH_SESSION_ID';

/** The session the browser is signed in with, and its user: single sign-on. */
export function signedIn(
  { sessions, realm }: Provider,
  request: FastifyRequest,
): { session: Session; user: User } | undefined {
  const [id = '', proof = ''] = (cookieOf(request, IDENTITY) ?? '').split('.');
  const session = sessions.find(id);
  if (session?.cookie === undefined || !isSame(session.cookie, proof)) return undefined;
  const user = realm.userById(session.userId);
  return user?.enabled ? { session, user } : undefined;
}

export function signIn(request: FastifyRequest, reply: FastifyReply, session: Session): void {
  session.cookie ??= randomBytes(24).toString('base64url');
  setCookie(request, reply, IDENTITY, `${session.id}.${session.cookie}`);
}

export function signOut(request: FastifyRequest, reply: FastifyReply): void {
  setCookie(request, reply, IDENTITY, '', 'Max-Age=0');
}

export const browserIdOf = (request: FastifyRequest) => cookieOf(request, BROWSER);

export function setBrowserId(request: FastifyRequest, reply: FastifyReply, id: string): void {
  setCookie(request, reply, BROWSER, id);
}

function cookieOf(request: FastifyRequest, name: string): string | undefined {
  for (const part of (request.headers.cookie ?? '').split(';')) {
    const [key, ...value] = part.trim().split('=');
    if (key === name) return value.join('=');
  }
  return undefined;
}

// Keycloak says `Secure; SameSite=None`. On plain HTTP some browsers drop such a cookie, even on loopback.
function setCookie(
  request: FastifyRequest,
  reply: FastifyReply,
  name: string,
  value: string,
  ...more: string[]
): void {
  const path = `Path=/realms/${encodeURIComponent((request.params as { realm: string }).realm)}/`;
  reply.header('set-cookie', [`${name}=${value}`, path, 'HttpOnly', 'SameSite=Lax', ...more].join('; '));
}

function isSame(a: string, b: string): boolean {
  const [one, other] = [Buffer.from(a), Buffer.from(b)];
  return one.length === other.length && timingSafeEqual(one, other);
}
