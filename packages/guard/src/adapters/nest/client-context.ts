import type { ExecutionContext, Type } from '@nestjs/common';
import type { Client } from './ws-call.ts';

/** Stands in for the handler when a connection is guarded rather than a message. */
function handleConnection(): void {}

/** Nest has no context while a client connects. Listeners and token readers get this one instead. */
export function toClientContext(client: Client): ExecutionContext {
  const args = [client];
  const ofKind = {
    getClient: () => client,
    getData: () => undefined,
    getPattern: () => 'connection',
    getContext: () => undefined,
    getRequest: () => undefined,
    getResponse: () => undefined,
    getNext: () => undefined,
  };
  const context = {
    getType: () => 'ws',
    getClass: () => client.constructor as Type,
    getHandler: () => handleConnection,
    getArgs: () => args,
    getArgByIndex: (index: number) => args[index],
    switchToWs: () => ofKind,
    switchToHttp: () => ofKind,
    switchToRpc: () => ofKind,
  };
  return context as unknown as ExecutionContext;
}
