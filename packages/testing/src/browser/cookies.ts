import { createHash, randomBytes } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { isSameSecret } from '../realm/password.ts';
import type { User } from '../realm/user.ts';
import { type Session, sessionMaxEnd } from '../sessions/sessions.ts';
import type { TokenState } from '../tokens/issue.ts';

const IDENTITY = 'KEYCLOAK_IDENTITY';
const BROWSER = 'AUTH_SESSION_ID';
/** Readable by scripts, so that the login status iframe can see who is signed in. */
const STATUS = 'KEYCLOAK_SESSION';

/** The browser's session and its user (single sign-on). */
export function signedIn(
  { sessions, realm }: Pick<TokenState, 'sessions' | 'realm'>,
  request: FastifyRequest,
): { session: Session; user: User } | undefined {
  const [id = '', proof = ''] = (cookieOf(request, IDENTITY) ?? '').split('.');
  const session = sessions.find(id);
  if (session?.cookie === undefined || !isSameSecret(session.cookie, proof)) return undefined;
  const user = realm.userById(session.userId);
  return user?.enabled ? { session, user } : undefined;
}

/** Sets cookies that last until the browser closes, or as long as the session may if the person is remembered. */
export function signIn(
  { realm, clock }: Pick<TokenState, 'realm' | 'clock'>,
  request: FastifyRequest,
  reply: FastifyReply,
  session: Session,
): void {
  session.cookie ??= randomBytes(24).toString('base64url');
  const maxAge = `Max-Age=${sessionMaxEnd(realm.settings, session) - clock.seconds()}`;
  const kept = session.rememberMe ? [maxAge] : [];
  setCookie(request, reply, IDENTITY, `${session.id}.${session.cookie}`, ...kept, 'HttpOnly');
  setCookie(request, reply, STATUS, createHash('sha384').update(session.id).digest('base64url'), maxAge);
}

export function signOut(request: FastifyRequest, reply: FastifyReply): void {
  setCookie(request, reply, IDENTITY, '', 'Max-Age=0', 'HttpOnly');
  setCookie(request, reply, STATUS, '', 'Max-Age=0');
}

export const browserIdOf = (request: FastifyRequest) => cookieOf(request, BROWSER);

export function setBrowserId(request: FastifyRequest, reply: FastifyReply, id: string): void {
  setCookie(request, reply, BROWSER, id, 'HttpOnly');
}

function cookieOf(request: FastifyRequest, name: string): string | undefined {
  for (const part of (request.headers.cookie ?? '').split(';')) {
    const [key, ...value] = part.trim().split('=');
    if (key === name) return value.join('=');
  }
  return undefined;
}

// Keycloak sets `Secure; SameSite=None`. Over plain HTTP some browsers drop such a cookie, even on loopback.
function setCookie(
  request: FastifyRequest,
  reply: FastifyReply,
  name: string,
  value: string,
  ...more: string[]
): void {
  const path = `Path=/realms/${encodeURIComponent((request.params as { realm: string }).realm)}/`;
  reply.header('set-cookie', [`${name}=${value}`, path, ...more, 'SameSite=Lax'].join('; '));
}
