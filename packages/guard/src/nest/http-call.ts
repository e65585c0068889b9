import type { ExecutionContext } from '@nestjs/common';
import { addToNodeAnswer, type NodeRequest, nodeHost } from '../adapter/internal.ts';
import type { Answer } from '../core/internal.ts';
import { publicOriginOf } from '../express/internal.ts';
import type { Call, KeycloakRequest, Outgoing } from './call.ts';

/** A request of Fastify's, as much of it as is needed; `host` is missing in Fastify 4. */
type FastifyLike = KeycloakRequest & {
  readonly raw: NodeRequest;
  readonly protocol: string;
  readonly host?: string;
  readonly hostname: string;
};

/** A request over HTTP, on Express or on Fastify; of GraphQL too, which comes by one. */
export function toHttpCall(
  context: ExecutionContext | undefined,
  request: KeycloakRequest,
  outgoing: Outgoing | undefined,
): Call {
  const raw = isFastify(request) ? request.raw : (request as NodeRequest);
  return {
    context,
    request,
    credentials: raw,
    carrier: request,
    toWire: () => ({ ...nodeHost.toWire(raw), origin: originOf(request) }),
    addToAnswer: (extra) => addToAnswer(outgoing, extra),
  };
}

function isFastify(request: KeycloakRequest): request is FastifyLike {
  const { raw } = request as Partial<FastifyLike>;
  return typeof raw?.headers === 'object';
}

/** As the platform sees it, with its setting for proxies. */
function originOf(request: KeycloakRequest): string {
  if (!isFastify(request)) return publicOriginOf(request as NodeRequest);
  return `${request.protocol}://${request.host ?? request.hostname}`;
}

function addToAnswer(outgoing: Outgoing | undefined, extra: Pick<Answer, 'headers' | 'setCookies'>): void {
  if (outgoing === undefined) return;
  if (!('headers' in outgoing)) {
    addToNodeAnswer(outgoing, extra);
    return;
  }
  outgoing.headers(extra.headers);
  for (const cookie of extra.setCookies) outgoing.header('set-cookie', cookie);
}
