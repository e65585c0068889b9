import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { findOutgoing } from './find-outgoing.ts';
import { OUTGOING, type Row } from './outgoing-calls.ts';
import { sourceFiles } from './source-imports.ts';

/** What comes from a package of others, and is watched by its name alone. */
const found = sourceFiles().flatMap((file) => findOutgoing(file));

describe('the table of what is sent to other programs', () => {
  const count = (names: readonly string[]) => {
    const times = new Map<string, number>();
    for (const name of names) times.set(name, (times.get(name) ?? 0) + 1);
    return Object.fromEntries([...times].sort());
  };
  const keyOf = ({ file, calls }: Pick<Row, 'file' | 'calls'>) => `${file}: ${calls}`;

  test('has every call: a new one needs a row in outgoing-calls.ts, with what it carries and who chose its address', () => {
    const rows = OUTGOING.flatMap((row) => Array<string>(row.times ?? 1).fill(keyOf(row)));
    assert.deepEqual(count(found.map(keyOf)), count(rows));
  });

  test('sends nothing secret to an address that an answer named', () => {
    const wrong = OUTGOING.filter(
      ({ carries, address }) => carries !== 'nothing' && [address].flat().includes('answer'),
    );
    assert.deepEqual(wrong, []);
  });

  test('follows no redirect with a secret', () => {
    const secret = OUTGOING.filter(
      ({ carries, redirects }) => carries !== 'nothing' && redirects === undefined,
    );
    const wrong = secret.filter((row) =>
      found.some((one) => keyOf(one) === keyOf(row) && !['manual', 'error'].includes(one.redirect ?? '')),
    );
    assert.deepEqual(wrong.map(keyOf), []);
    assert.ok(secret.length > 3);
    // What says that it is wrapped is a function of ours, or gets one that is in the table.
    for (const { calls, redirects } of OUTGOING) {
      if (redirects === 'oauth4webapi') assert.match(calls, /^oauth4webapi\./);
      if (redirects === 'wrapped')
        assert.match(calls, /^(fetch|fetchBounded|call|createClient|connectAdmin|createRealmCalls)$/);
    }
  });

  test('finds each way to send, and no way to listen', () => {
    const text = `import { request as r, createServer } from 'node:https';
import net, { isIP } from 'node:net';
import * as oauth from 'oauth4webapi';
import { createClient } from 'keycloak-guard/client';
import type { Agent } from 'undici';
fetch('x'); globalThis.fetch('x', { redirect: 'manual' }); options.fetch('y'); new WebSocket('z');
net.connect(1); net.createServer(); isIP('x'); createServer(); createClient({});
oauth.revocationRequest(); oauth.processRevocationResponse(); oauth.ClientSecretPost('x');
// fetch('comment')
const text = "fetch('string')";`;
    assert.deepEqual(
      findOutgoing('x.ts', text).map(({ calls, redirect }) => (redirect ? `${calls} ${redirect}` : calls)),
      [
        'https.request',
        'fetch',
        'fetch manual',
        'fetch',
        'new WebSocket',
        'net.connect',
        'createClient',
        'oauth4webapi.revocationRequest',
      ],
    );
  });
});
