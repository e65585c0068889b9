import type { FastifyRequest } from 'fastify';

/** Tells a listener. One that throws or rejects, as an audit log that is full, changes nothing but the log. */
export function tell(request: FastifyRequest, name: string, listener: () => unknown): void {
  const fail = (err: unknown) => request.log.error({ err }, `${name} failed`);
  try {
    const told = listener();
    if (told instanceof Promise) told.catch(fail);
  } catch (error) {
    fail(error);
  }
}
