import type { ExecutionContext } from '@nestjs/common';
import type { Answer } from '../../core/internal.ts';
import { addToNodeAnswer, type NodeRequest, nodeHost } from '../engine/internal.ts';
import { publicOriginOf } from '../express/internal.ts';
import { type Call, type KeycloakRequest, NOT_RECEIVED, type Outgoing } from './call.ts';

/** The members of Fastify's request that are used here. Fastify 4 has no `host`. */
type FastifyLike = KeycloakRequest & {
  readonly raw: NodeRequest;
  readonly protocol: string;
  readonly host?: string;
  readonly hostname: string;
};

/** An HTTP request on Express or Fastify, or the one that carries a GraphQL operation. */
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
    toWire: () =>
      Array.isArray(raw.rawHeaders) ? { ...nodeHost.toWire(raw), origin: originOf(request) } : NOT_RECEIVED,
    addToAnswer: (extra) => addToAnswer(outgoing, extra),
  };
}

function isFastify(request: KeycloakRequest): request is FastifyLike {
  const { raw } = request as Partial<FastifyLike>;
  return typeof raw?.headers === 'object';
}

/** The origin as the platform sees it, which heeds its setting for proxies. */
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
