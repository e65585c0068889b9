import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { LONGEST_MESSAGE } from '../../core/internal.ts';
import type { Route, Routes } from '../engine/internal.ts';
import { ENGINE, type FastifyEngine } from './engine.ts';
import { createRefuse, type Refuse } from './refuse.ts';
import { send } from './send.ts';

/** Open, even in a guarded scope, and hidden in OpenAPI documents. */
const OPEN = { schema: { hide: true } as object, config: { guard: false } } as const;

/** Adds routes of the engine to an app. */
export function mountRoutes(
  app: FastifyInstance,
  { all }: Routes<FastifyRequest>,
  engine: FastifyEngine = app[ENGINE],
): void {
  const refuse = createRefuse(engine);
  for (const route of all) {
    if (route.method !== 'POST') mount(app, route, refuse);
    else {
      // A scope, because its body parsers are not the app's.
      app.register(async (scope) => {
        parseBodies(scope, route.readsBody);
        mount(scope, route, refuse);
      });
    }
  }
}

function mount(
  app: FastifyInstance,
  { method, path, takesHead, answer }: Route<FastifyRequest>,
  refuse: Refuse,
): void {
  const handler = async (request: FastifyRequest, reply: FastifyReply) => {
    try {
      return send(reply, await answer(request, request.body));
    } catch (error) {
      reply.header('cache-control', 'no-store');
      refuse(error, request, reply, (fault) => {
        throw fault;
      });
      return reply;
    }
  };
  app.route({ method, url: path, ...OPEN, ...(method === 'GET' && { exposeHeadRoute: takesHead }), handler });
}

function parseBodies(scope: FastifyInstance, readsBody: boolean): void {
  scope.removeAllContentTypeParsers();
  const types = readsBody ? ['application/x-www-form-urlencoded', 'text/plain'] : '*';
  const options = { parseAs: 'string', bodyLimit: LONGEST_MESSAGE } as const;
  scope.addContentTypeParser(types, options, (_request, body, done) =>
    done(null, readsBody ? body : undefined),
  );
}

/** A scope of Fastify inherits from the one around it. The outermost one has no prefix. */
export function rootOf(scope: FastifyInstance): FastifyInstance {
  const parent: Partial<FastifyInstance> | null = Object.getPrototypeOf(scope);
  return typeof parent?.addHook === 'function' ? rootOf(parent as FastifyInstance) : scope;
}
