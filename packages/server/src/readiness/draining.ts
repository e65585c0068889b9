import type { FastifyInstance } from 'fastify';

declare module 'fastify' {
  interface FastifyInstance {
    /**
     * From now on `/health/ready` is 503, and every answer closes its connection: load balancers and proxies send
     * their requests elsewhere. What comes all the same is answered.
     */
    drain: () => void;
  }
}

/** Whether this process is about to end. */
export interface Draining {
  readonly isDraining: boolean;
}

export function addDrain(app: FastifyInstance): Draining {
  const draining = { isDraining: false };
  app.decorate('drain', () => {
    draining.isDraining = true;
  });
  return draining;
}
