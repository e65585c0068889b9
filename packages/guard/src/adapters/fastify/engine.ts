import type { FastifyBaseLogger, FastifyReply, FastifyRequest } from 'fastify';
import { type DoorHost, type Engine, type OpenSessions, receivedHeaders } from '../engine/internal.ts';
import { addHeaders } from './send.ts';

/** The engine of `keycloakGuard`. */
export type FastifyEngine = Engine<FastifyRequest, FastifyReply>;
/** The sessions of `keycloakSession`. */
export type FastifySessions = OpenSessions<FastifyRequest, FastifyReply>;

/** On instances: the engine, for the other plugins of this package. */
export const ENGINE: unique symbol = Symbol('engine');
/** On instances of a scope with `keycloakSession`: its sessions. */
export const SESSIONS: unique symbol = Symbol('sessions');

declare module 'fastify' {
  interface FastifyInstance {
    readonly [ENGINE]: FastifyEngine;
    readonly [SESSIONS]?: FastifySessions;
  }
}

/** @param log the app's logger, if it has one */
export function toFastifyHost(log: FastifyBaseLogger | undefined): DoorHost<FastifyRequest, FastifyReply> {
  return {
    factory: 'keycloakGuard',
    toRequest: ({ raw }) => raw,
    toWire: (request) => ({
      method: request.raw.method,
      url: request.url,
      headers: receivedHeaders(request.raw),
      origin: `${request.protocol}://${request.host}`,
      id: request.id,
    }),
    addToAnswer: addHeaders,
    addressOf: ({ ip }) => ip,
    paramsOf: ({ params }) => params,
    ...(log && { logOf: (request) => request.log }),
    debugsRefusals: true,
    sessionsOf: ({ server }) => server[SESSIONS],
  };
}
