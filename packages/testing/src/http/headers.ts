import type { FastifyReply, FastifyRequest } from 'fastify';
import { Fault } from '../fault.ts';
import { type Client, isAllowedOrigin } from '../realm/client.ts';

const NO_STORE = 'no-store, must-revalidate, max-age=0';

/** No cache may keep the answer. */
export const noStore = (reply: FastifyReply): FastifyReply => reply.header('cache-control', NO_STORE);

export const redirectTo = (reply: FastifyReply, url: string): FastifyReply =>
  reply.code(302).header('location', url).send();

/** The token of the `Authorization` header (RFC 6750 §2.1): one blank and one word, as Keycloak reads it. */
export function bearerOf(request: FastifyRequest): string | undefined {
  return /^bearer (\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
}

declare module 'fastify' {
  interface FastifyInstance {
    /** The fixed URL in every answer. `undefined`: answers follow the `Host` header. */
    publicUrl: string | undefined;
  }
}

/** The base URL as the caller sees it. Like Keycloak without `KC_HOSTNAME`, it follows the `Host` header. */
export function ownOrigin({ server, headers }: FastifyRequest): string {
  return server.publicUrl ?? `http://${headers.host}`;
}

export function issuerOf(request: FastifyRequest): string {
  return `${ownOrigin(request)}/realms/${encodeURIComponent((request.params as { realm: string }).realm)}`;
}

function isForeign(request: FastifyRequest): boolean {
  return request.headers.origin !== undefined && request.headers.origin !== ownOrigin(request);
}

/** Lets any page read the answer: for public documents and early errors. */
export function allowAnyOrigin(request: FastifyRequest, reply: FastifyReply): void {
  if (!isForeign(request)) return;
  reply.header('access-control-allow-origin', request.headers.origin);
  reply.header('access-control-allow-credentials', 'true');
}

/** Lets the calling page read an answer that is not a public document. */
export function allowCaller(request: FastifyRequest, reply: FastifyReply): void {
  if (!isForeign(request)) return;
  allowAnyOrigin(request, reply);
  reply.header('access-control-expose-headers', 'Access-Control-Allow-Methods');
}

/** Lets pages of the client's own origins read the answer. @throws {Fault} 403 for any other origin */
export function allowOriginsOf(client: Client, request: FastifyRequest, reply: FastifyReply): void {
  if (!isForeign(request)) return;
  if (!isAllowedOrigin(client, request.headers.origin!)) {
    for (const name of ['origin', 'credentials']) reply.removeHeader(`access-control-allow-${name}`);
    reply.removeHeader('access-control-expose-headers');
    throw new Fault(403, 'Invalid origin');
  }
  allowCaller(request, reply);
}

/** Answers a preflight request. */
export function answerPreflight(request: FastifyRequest, reply: FastifyReply, methods: readonly string[]) {
  if (isForeign(request)) {
    allowAnyOrigin(request, reply);
    reply.header('access-control-allow-methods', methods.join(', '));
    reply.header(
      'access-control-allow-headers',
      'Origin, Accept, X-Requested-With, Access-Control-Request-Method, Access-Control-Request-Headers, DPoP, Content-Type, Authorization',
    );
    reply.header('access-control-max-age', '3600');
  }
  return reply.code(200).send();
}

/** Names and addresses that always mean this machine (RFC 6761 §6.3). */
const LOOPBACK = /^(?:localhost|[a-z0-9-]+\.localhost|127(?:\.\d{1,3}){3}|\[::1\])\.?(?::\d{1,5})?$/i;

const isLoopbackHost = (host: string): boolean => LOOPBACK.test(host);

/**
 * Refuses every name but loopback names and that of `publicUrl`. Otherwise a page of another site, whose name was made to
 * point to this machine, could log in with the passwords that everybody knows (DNS rebinding).
 *
 * @throws {Fault} 403
 */
export function assertOwnHost({ headers: { host = '' }, server: { publicUrl } }: FastifyRequest): void {
  if (isLoopbackHost(host)) return;
  if (publicUrl !== undefined && host.toLowerCase() === new URL(publicUrl).host) return;
  const text = 'The embedded provider answers to loopback names, and to that of the option "publicUrl".';
  throw new Fault(403, 'invalid_request', text);
}
