import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import type { AuthInfo as AuthInfo1 } from '@modelcontextprotocol/sdk/server/auth/types.js';
import type { AuthInfo as AuthInfo2 } from '@modelcontextprotocol/server';
import { toAuthInfo } from '../../packages/guard/src/adapters/engine/parts/mcp-server.ts';
import type { Principal } from '../../packages/guard/src/core/index.ts';

test('who calls is what both versions of the SDK take, and is printed without the token', () => {
  const principal = { authorizedParty: null, scopes: ['mcp:tools'], expiresAt: 1 } as unknown as Principal;
  const info = toAuthInfo(principal, 'DPoP   the-token', new URL('https://example.com/mcp'));
  // Typed, so that a member that is missing fails the build.
  const [one, two]: [AuthInfo1, AuthInfo2] = [info, info];
  assert.deepEqual([one.token, two.expiresAt, info.clientId], ['the-token', 1, '']);
  assert.doesNotMatch(inspect({ auth: info }, { depth: 9, showHidden: false }), /the-token/);
});
