import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ExecutionContext } from '@nestjs/common';
import { sourceOf } from '../../packages/guard/src/adapters/nest/call.ts';

const contextOf = (type: string, ...args: unknown[]) =>
  ({ getType: () => type, getArgByIndex: (at: number) => args[at] }) as unknown as ExecutionContext;

test('what a call came with is told by its kind: a request, a client, a context of a transport or of GraphQL', () => {
  const [request, client, transport] = [{ headers: {} }, { id: 'socket' }, { subject: 'orders' }];
  assert.equal(sourceOf(contextOf('http', request, {})), request);
  assert.equal(sourceOf(contextOf('ws', client, 'data')), client);
  assert.equal(sourceOf(contextOf('rpc', 'data', transport)), transport);
  const operation = { req: request };
  assert.equal(sourceOf(contextOf('graphql', {}, {}, operation, {})), request);
  // Without a request, as in a subscription, it is the context of the operation.
  const subscription = { connectionParams: {} };
  assert.equal(sourceOf(contextOf('graphql', {}, {}, subscription, {})), subscription);
  // `__resolveReference` is called without arguments.
  assert.equal(sourceOf(contextOf('graphql', {}, operation, {})), request);
  for (const context of [
    contextOf('of another kind', request),
    contextOf('ws', 'text'),
    contextOf('ws', null),
    contextOf('rpc', transport),
  ])
    assert.equal(sourceOf(context), undefined);
});
