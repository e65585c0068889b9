import type { FastifyRequest } from 'fastify';

/** The token of the `Authorization` header (RFC 6750 §2.1). */
export function bearerOf(request: FastifyRequest): string | undefined {
  return /^bearer +(\S.*)$/i.exec(request.headers.authorization ?? '')?.[1];
}
