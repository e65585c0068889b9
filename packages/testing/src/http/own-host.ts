import type { FastifyRequest } from 'fastify';
import { Fault } from '../fault.ts';

/** Names and addresses that always mean this machine (RFC 6761 §6.3). */
const LOOPBACK = /^(?:localhost|[a-z0-9-]+\.localhost|127(?:\.\d{1,3}){3}|\[::1\])\.?(?::\d{1,5})?$/i;

export const isLoopbackHost = (host: string): boolean => LOOPBACK.test(host);

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
