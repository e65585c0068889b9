import type { Lifecycle, Request, Server } from '@hapi/hapi';
import { answerRoute, type Door, type Routes, sentOnNode } from '../engine/internal.ts';
import { toResponse } from './answers.ts';

/** Answers routes of the engine. */
export type Mount = (server: Server, routes: Routes<Request>['all']) => void;

export function createMount(door: Pick<Door<Request, never, never>, 'refusalOf'>): Mount {
  return (server, routes) => {
    for (const route of routes) {
      const { method, path, takesHead } = route;
      // The engine reads bodies itself.
      const payload = method === 'POST' && {
        payload: { parse: false, output: 'stream', failAction: 'ignore' } as const,
      };
      const handler: Lifecycle.Method = async (request, h) => {
        if (request.method === 'head' && !takesHead) return h.response().code(405);
        const answer = await answerRoute(door, route, request, sentOnNode(request.raw.req));
        return answer === undefined ? h.abandon : toResponse(h, answer);
      };
      server.route({ method, path, handler, options: { auth: false, ...payload } });
    }
  };
}
