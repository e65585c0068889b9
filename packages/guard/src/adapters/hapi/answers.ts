import type { Lifecycle, Request, ResponseObject, ResponseToolkit, Server } from '@hapi/hapi';
import type { Answer } from '../../core/internal.ts';
import {
  type Adapter,
  answerRoute,
  type EngineHost,
  type FetchReply,
  fetchHost,
  isHtml,
  nodeHost,
  type Routes,
  sentOnNode,
  toHeader,
  withTenant,
} from '../engine/internal.ts';

/** Where hapi's plugins keep what belongs to a request: headers for an answer that does not exist yet. */
type State = { 'keycloak-guard'?: FetchReply };

export const hapiHost: EngineHost<Request, Request> = {
  factory: 'keycloak',
  toRequest: ({ raw }) => raw.req,
  // Extensions of `onRequest` may have changed the method. A handshake has no request of hapi's.
  toSessionRequest: ({ raw, method = raw.req.method }) => ({
    ...nodeHost.toSessionRequest(raw.req),
    method: method?.toUpperCase(),
  }),
  addressOf: ({ raw }) => nodeHost.addressOf(raw.req),
  paramsOf: ({ params }) => params,
  addToAnswer({ plugins }: { plugins: State }, extra) {
    plugins['keycloak-guard'] ??= {};
    fetchHost.addToAnswer(plugins['keycloak-guard'], extra);
  },
};

/** For `onPreResponse`. */
export const addExtras: Lifecycle.Method = (request, h) => {
  const { response } = request;
  const extra = (request.plugins as State)['keycloak-guard']?.extra;
  if (extra === undefined) return h.continue;
  if (!('isBoom' in response)) addTo(response as ResponseObject, extra);
  else {
    const { headers } = response.output;
    for (const [name, value] of Object.entries(extra.headers))
      headers[name] = toHeader(name, value, headers[name]);
    if (extra.setCookies.length > 0)
      Object.assign(response.output.headers, { 'set-cookie': extra.setCookies });
  }
  return h.continue;
};

function addTo(response: ResponseObject, extra: Pick<Answer, 'headers' | 'setCookies'>): ResponseObject {
  for (const [name, value] of Object.entries(extra.headers))
    response.header(name, toHeader(name, value, response.headers[name]));
  for (const cookie of extra.setCookies) response.header('set-cookie', cookie, { append: true });
  return response;
}

export function toResponse(h: ResponseToolkit, answer: Answer): ResponseObject {
  return addTo(h.response(answer.body).code(answer.status), answer);
}

/**
 * A refusal in the form of the errors that hapi throws. A new object: one error may refuse several requests at once, and
 * `onPreResponse` adds headers of one request to it. Other errors stay as they are.
 */
export function toBoom(error: unknown, answer: Answer | undefined): unknown {
  if (answer === undefined) return error;
  const { status: statusCode, headers, body = '{}' } = answer;
  const output = { statusCode, headers: { ...headers }, payload: isHtml(answer) ? body : JSON.parse(body) };
  const boom = { isBoom: true, isServer: statusCode >= 500, output, reformat() {} };
  return Object.assign(Object.create(error as Error), boom);
}

/** Answers routes of the engine. */
export type Mount = (server: Server, routes: Routes<Request>['all']) => void;

export function createMount(adapter: Pick<Adapter<Request, never, never>, 'refusalOf'>): Mount {
  return (server, routes) => {
    for (const route of routes) {
      const { method, takesHead } = route;
      // The engine reads bodies itself.
      const payload = method === 'POST' && {
        payload: { parse: false, output: 'stream', failAction: 'ignore' } as const,
      };
      const handler: Lifecycle.Method = async (request, h) => {
        if (request.method === 'head' && !takesHead) return h.response().code(405);
        const answer = await answerRoute(adapter, route, request, sentOnNode(request.raw.req));
        return answer === undefined ? h.abandon : toResponse(h, answer);
      };
      const path = withTenant(route.path, '{tenant}');
      server.route({ method, path, handler, options: { auth: false, ...payload } });
    }
  };
}
