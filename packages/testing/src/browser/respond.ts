import type { FastifyReply } from 'fastify';
import { noStore, redirectTo } from '../http/headers.ts';
import type { AuthRequest } from './auth-request.ts';

/** Sends the browser back to the client (RFC 6749 §4.1.2, RFC 9207). */
export function respond(
  reply: FastifyReply,
  { redirectUri, mode, state }: AuthRequest,
  issuer: string,
  answer: Record<string, string | undefined>,
) {
  const { code, ...first } = answer;
  const fields = new URLSearchParams();
  for (const [name, value] of Object.entries({
    ...(first.error === undefined ? { state } : {}),
    ...first,
    ...(first.error === undefined ? {} : { state }),
    iss: issuer,
    code,
  })) {
    if (value !== undefined) fields.append(name, value);
  }
  noStore(reply);
  const bare = redirectUri.replace(/#.*$/s, '');
  const glue = mode === 'fragment' ? '#' : bare.includes('?') ? '&' : '?';
  return redirectTo(reply, `${bare}${glue}${fields}`);
}
