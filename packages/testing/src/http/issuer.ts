import type { FastifyRequest } from 'fastify';

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
