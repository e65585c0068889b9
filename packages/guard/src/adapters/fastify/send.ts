import type { FastifyReply } from 'fastify';
import type { Answer } from '../../core/internal.ts';
import { toHeader } from '../engine/internal.ts';

/** Sends an answer of the engine's. */
export function send(reply: FastifyReply, answer: Answer): FastifyReply {
  addHeaders(reply.code(answer.status), answer);
  return reply.send(answer.body);
}

export function addHeaders(
  reply: FastifyReply,
  { headers, setCookies }: Pick<Answer, 'headers' | 'setCookies'>,
): void {
  if (reply.sent) return;
  for (const [name, value] of Object.entries(headers))
    reply.header(name, toHeader(name, value, reply.getHeader(name)));
  for (const cookie of setCookies) reply.header('set-cookie', cookie);
}
