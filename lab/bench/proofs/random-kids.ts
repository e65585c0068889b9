import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Figure } from '../figures.ts';
import { runLoad } from '../load/generator.ts';
import type { PartOptions } from '../part-options.ts';
import { here, startServer } from '../processes.ts';
import { startRealm } from '../realm/realm.ts';
import { CLIENT_ID, mint, REALM } from '../realm/tokens.ts';

/** Nothing is remembered of a key id that does not exist, so that they may come again. */
const POOL = 20_000;
const command = 'npm run bench -- random-kids';

/** Floods the plugin with tokens whose key id was made up, and rotates the realm's key while that goes on. */
export async function randomKids({ quick, log }: PartOptions): Promise<Figure[]> {
  const wanted = quick ? 50_000 : 1_000_000;
  const folder = await mkdtemp(join(tmpdir(), 'keycloak-guard-bench-'));
  const realm = await startRealm();
  const server = await startServer(here('servers/plugin.mjs'), {
    ...{ SERVER_URL: realm.serverUrl, REALM, CLIENT_ID },
  });
  const url = `http://127.0.0.1:${server.port}/protected`;
  try {
    const [pattern] = await mint(realm.key, realm.issuer, 1);
    const before = (await realm.calls()).certs;
    const began = Date.now();
    let sent = 0;
    let refused = 0;
    let acceptedAfterMs: number | undefined;
    const tokens = join(folder, 'tokens');
    await writeFile(tokens, withRandomKids(pattern as string, POOL));
    while (sent < wanted) {
      const [result, after] = await Promise.all([
        runLoad({ url, tokens, first: 1, count: POOL, whenUsedUp: 'wrap', seconds: 10, connections: 50 }),
        acceptedAfterMs === undefined ? timeToAccept(url, realm) : acceptedAfterMs,
      ]);
      acceptedAfterMs = after;
      sent += result.requests;
      refused += result.refused;
      log(`random key ids: ${sent.toLocaleString('en-US')} of ${wanted.toLocaleString('en-US')}`);
    }
    const seconds = (Date.now() - began) / 1000;
    const fetches = (await realm.calls()).certs - before;
    const rate = fetches / Math.ceil(seconds / 5);
    return [
      {
        figure: `calls to Keycloak during ${sent.toLocaleString('en-US')} requests with random key ids`,
        target: 'at most 1 in 5 s',
        measured: `${fetches} in ${seconds.toFixed(0)} s (the planned one each minute among them); ${refused === sent ? 'all' : refused} refused`,
        isReached: fetches <= Math.floor(seconds / 5) + 1 + Math.ceil(seconds / 60) && rate > 0,
        command,
      },
      {
        figure: 'a key rotation in the middle of that flood: until tokens of the new key are accepted',
        target: 'under 5 s',
        measured: `${((acceptedAfterMs ?? Number.NaN) / 1000).toFixed(1)} s`,
        isReached: (acceptedAfterMs ?? Number.POSITIVE_INFINITY) < 5_000,
        command,
      },
    ];
  } finally {
    await server.stop();
    await realm.close();
    await rm(folder, { recursive: true });
  }
}

function withRandomKids(pattern: string, count: number): string {
  const [, payload, signature] = pattern.split('.');
  let text = '';
  for (let i = 0; i < count; i++) {
    const header = { alg: 'RS256', typ: 'JWT', kid: randomBytes(18).toString('base64url') };
    text += `${Buffer.from(JSON.stringify(header)).toString('base64url')}.${payload}.${signature}\n`;
  }
  return text;
}

/** Rotates once the flood is on, and asks with a token of the new key until it passes. */
async function timeToAccept(url: string, realm: Awaited<ReturnType<typeof startRealm>>): Promise<number> {
  await sleep(1_000);
  await realm.rotate();
  const [token] = await mint(realm.key, realm.issuer, 1);
  const began = Date.now();
  while (Date.now() - began < 30_000) {
    const response = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
    await response.arrayBuffer();
    if (response.status === 200) break;
    await sleep(10);
  }
  return Date.now() - began;
}
