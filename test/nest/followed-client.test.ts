// The client of an admitted message, whose connection cannot be opened: its session ended in between, say.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ExecutionContext } from '@nestjs/common';
import { createGatewayConnections } from '../../packages/guard/src/adapters/nest/gateway-connections.ts';
import { AuthError } from '../../packages/guard/src/core/index.ts';

/** With which codes a client of ws was closed, and what was logged, in two messages. @param error why its connection cannot be opened */
async function follow(error: Error) {
  const seen: unknown[] = [];
  let opened = 0;
  const guard = {
    open() {
      opened++;
      return Promise.reject(error);
    },
  };
  const connections = { guard: () => guard };
  const log = { warn() {}, error: (_: object, message: string) => void seen.push(message) };
  const gateways = createGatewayConnections({ connections } as never, {} as never, undefined as never, log);
  const nothing = () => {};
  const client = { readyState: 1, once: nothing, send: nothing, removeAllListeners: nothing, pause: nothing };
  const close = (code: number) => void seen.push(code);
  const whole = { ...client, resume: nothing, terminate: nothing, close };
  const context = { switchToWs: () => ({ getClient: () => whole }) } as unknown as ExecutionContext;
  for (let message = 0; message < 2; message++) {
    gateways.follow(context, { request: {} } as never);
    await new Promise(setImmediate);
  }
  return { seen, opened };
}

test('is turned away by what it is refused for, and by a fault, which is logged', async () => {
  const refused = await follow(new AuthError('token_revoked', 'told'));
  assert.deepEqual(refused.seen.slice(0, 1), [4401]);
  const fault = await follow(new Error('a bug'));
  assert.deepEqual(fault.seen.slice(0, 2), ['A connection could not be guarded, and is closed', 1011]);
});

test('stays where nobody can tell, and its next message tries again', async () => {
  assert.deepEqual(await follow(new AuthError('provider_unavailable', 'told')), { seen: [], opened: 2 });
});
