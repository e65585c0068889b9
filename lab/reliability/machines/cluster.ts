import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../../test/support/free-port.ts';
import { type RunningKeycloak, startKeycloak } from '../../../tools/run/keycloak/index.ts';
import { startNginx } from './nginx.ts';
import { CLIENT, REALM, writeRealmFile } from './realm.ts';
import { createRedis, type Redis } from './redis.ts';
import { createReplica, type Replica } from './replica.ts';

/** A whole installation on the loopback interface. */
export interface Cluster {
  /** Of nginx. */
  readonly url: string;
  readonly keycloak: RunningKeycloak;
  readonly redis: Redis;
  readonly replicas: readonly Replica[];
  /** Where the logs are; kept when a part finds something. */
  readonly folder: string;
  close(): Promise<void>;
}

/** Longest time a token is trusted without asking Keycloak; the default of the service. Unit: milliseconds. */
export const RECHECK_MS = 30_000;

/** nginx, three replicas of the built service, Redis, Keycloak. */
export async function startCluster(log: (text: string) => void): Promise<Cluster> {
  const folder = mkdtempSync(join(tmpdir(), 'keycloak-guard-reliability-'));
  const proxyPort = await freePort();
  const url = `http://127.0.0.1:${proxyPort}`;
  const realmFile = join(folder, 'realm.json');
  writeRealmFile(realmFile, url);
  const keycloak = await startKeycloak({
    realmFile,
    onProgress: log,
    env: {
      // As in production, and not for a quick start.
      JAVA_OPTS_APPEND: '-Xms256m -Xmx640m',
      // The database of a quick start writes twice a second; one for production writes before it says so.
      KC_DB_URL_PROPERTIES: ';WRITE_DELAY=0;DB_CLOSE_ON_EXIT=FALSE',
    },
  });
  const redis = createRedis(await freePort(), folder);
  const settings = {
    KEYCLOAK_SERVER_URL: keycloak.url,
    KEYCLOAK_REALM: REALM,
    KEYCLOAK_CLIENT_ID: CLIENT.id,
    KEYCLOAK_CLIENT_SECRET: CLIENT.secret,
    REDIS_URL: redis.url,
    SESSION_SECRET: randomBytes(32).toString('hex'),
    PUBLIC_URL: url,
    TRUST_PROXY: '127.0.0.1',
    LOG_LEVEL: 'warn',
    SHUTDOWN_DELAY_MS: '2000',
  };
  const ports = [await freePort(), await freePort(), await freePort()];
  const replicas = ports.map((port, i) => createReplica(`replica-${i + 1}`, port, folder, settings));
  const close = async () => {
    await nginx?.end('SIGTERM');
    await Promise.all(replicas.map((replica) => replica.crash()));
    await redis.crash();
    await keycloak.close();
    if (process.env.KEEP_LOGS === undefined) rmSync(folder, { recursive: true, force: true });
    else log(`logs: ${folder}`);
  };
  let nginx: Awaited<ReturnType<typeof startNginx>> | undefined;
  try {
    await redis.start();
    await Promise.all(replicas.map((replica) => replica.start()));
    nginx = await startNginx(proxyPort, ports, folder);
  } catch (error) {
    await close();
    throw error;
  }
  log(`nginx at ${url}, ${replicas.length} replicas, Redis, Keycloak ${keycloak.version}`);
  return { url, keycloak, redis, replicas, folder, close };
}
