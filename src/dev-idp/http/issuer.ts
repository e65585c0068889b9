import type { FastifyRequest } from 'fastify';

const LOOPBACK = /^(localhost|[a-z0-9-]+\.localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/i;

declare module 'fastify' {
  interface FastifyInstance {
    /** The URL in every answer, where one is fixed; otherwise answers follow the `Host` header. */
    publicUrl: string | undefined;
    /** Where the provider listens, for a request whose `Host` header is not to be believed. */
    listenUrl: string;
  }
}

/**
 * The base URL as the caller sees it. As in Keycloak without `KC_HOSTNAME` it follows the `Host` header, but only to
 * a loopback name: a page of another site cannot make this provider speak for it (DNS rebinding).
 */
export function ownOrigin(request: FastifyRequest): string {
  const { publicUrl, listenUrl } = request.server;
  if (publicUrl !== undefined) return publicUrl;
  const host = request.headers.host ?? '';
  return LOOPBACK.test(host) ? `http://${host}` : listenUrl;
}

export function issuerOf(request: FastifyRequest): string {
  return `${ownOrigin(request)}/realms/${encodeURIComponent((request.params as { realm: string }).realm)}`;
}
