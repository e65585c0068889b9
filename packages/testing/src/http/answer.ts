import type { FastifyReply } from 'fastify';

const NO_STORE = 'no-store, must-revalidate, max-age=0';

/** No cache may keep the answer. */
export const noStore = (reply: FastifyReply): FastifyReply => reply.header('cache-control', NO_STORE);

export const redirectTo = (reply: FastifyReply, url: string): FastifyReply =>
  reply.code(302).header('location', url).send();
