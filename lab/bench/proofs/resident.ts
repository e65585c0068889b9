import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CONTENDERS } from '../contenders.ts';
import type { Figure } from '../figures.ts';
import { runLoad } from '../load/generator.ts';
import type { PartOptions } from '../part-options.ts';
import { startServer } from '../processes.ts';
import { startRealm } from '../realm/realm.ts';
import { CLIENT_ID, mint, now, REALM } from '../realm/tokens.ts';

const TOKENS = 2_000;
const MB = 1e6;

/** What the built service keeps of the machine's memory at the end of a minute at full load, beside bare Fastify. */
export async function resident({ quick, log }: PartOptions): Promise<Figure[]> {
  const bare = await measure('bare', quick ? 10 : 60);
  const service = await measure('service', quick ? 10 : 60);
  log(`resident: bare Fastify ${bare.toFixed(0)} MB, service ${service.toFixed(0)} MB`);
  return [
    {
      figure: 'resident memory of the service after a minute at full load',
      target: 'under 120 MB',
      measured: `${service.toFixed(0)} MB (bare Fastify ${bare.toFixed(0)} MB)`,
      isReached: service < 120,
      command: 'npm run bench -- resident',
    },
  ];
}

async function measure(id: string, seconds: number): Promise<number> {
  const contender = CONTENDERS.find((one) => one.id === id);
  if (contender === undefined) throw new Error(`there is no contender ${id}`);
  const folder = await mkdtemp(join(tmpdir(), 'keycloak-guard-bench-'));
  const realm = await startRealm();
  try {
    const server = await startServer(contender.file, {
      ...{ SERVER_URL: realm.serverUrl, REALM, CLIENT_ID },
      ...{ KEYCLOAK_SERVER_URL: realm.serverUrl, KEYCLOAK_REALM: REALM, KEYCLOAK_CLIENT_ID: CLIENT_ID },
      KEYCLOAK_CLIENT_SECRET: 'only-for-the-benchmark',
      ...contender.env,
    });
    try {
      const tokens = join(folder, 'tokens');
      await writeFile(tokens, `${(await mint(realm.key, realm.issuer, TOKENS, now())).join('\n')}\n`);
      const load = { tokens, first: 1, count: TOKENS, whenUsedUp: 'wrap' as const };
      await runLoad({ ...load, url: `http://127.0.0.1:${server.port}/protected`, seconds, connections: 50 });
      return (await server.usage()).rss / MB;
    } finally {
      await server.stop();
    }
  } finally {
    await realm.close();
    await rm(folder, { recursive: true });
  }
}
