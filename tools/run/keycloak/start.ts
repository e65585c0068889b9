import { createHash } from 'node:crypto';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../../test/support/free-port.ts';
import {
  cacheFolder,
  type Distribution,
  findDistribution,
  NEWEST_VERSION,
  requireJava,
} from './distribution.ts';
import { JAVA_OPTIONS } from './java-options.ts';
import { createServerHome } from './server-home.ts';
import { type ServerProcess, startProcess } from './server-process.ts';

/** What to start. */
export interface KeycloakOptions {
  /** Default: {@link NEWEST_VERSION}. */
  readonly version?: string | undefined;
  /** Realm to import, for example `packages/testing/testing-realm.json`. Default: only `master`. */
  readonly realmFile?: string | undefined;
  /** Path that every URL begins with, for example `/auth`. Default: none. */
  readonly relativePath?: string | undefined;
  /** Public URL (`KC_HOSTNAME`), for example `http://keycloak.example.test:8080`. Default: follows the request. */
  readonly hostname?: string | undefined;
  /** Experimental and preview features to turn on, for example `['cimd']`. Default: none. */
  readonly features?: readonly string[] | undefined;
  /** Port to listen on. Default, and 0: any free one. */
  readonly port?: number | undefined;
  /** What takes less processor time: the start, or what comes in the minutes after it. Default: `start`. */
  readonly tunedFor?: keyof typeof JAVA_OPTIONS | undefined;
  /** More environment for Keycloak, for example `{ KC_LOG_LEVEL: 'debug' }`. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Longest wait until it answers. Default: 600 000. */
  readonly timeoutMs?: number | undefined;
  /** Told what is going on, one line at a time. */
  readonly onProgress?: ((line: string) => void) | undefined;
}

/** A Keycloak that answers. */
export interface RunningKeycloak {
  /** Where this machine reaches it, with the path, without a slash at the end. */
  readonly url: string;
  /** What the issuer of its tokens begins with, where `hostname` is set; else `undefined`. */
  readonly issuerHint: string | undefined;
  readonly version: string;
  readonly adminUser: string;
  readonly adminPassword: string;
  /** What Keycloak wrote so far. Gone after `close()`. */
  readonly logFile: string;
  /** Id of the process group that all of it is in, for who wants to know what it uses. Another one after `restart()`. */
  processGroup(): number | undefined;
  /** Exit code, should it have ended by itself. */
  exitCode(): number | undefined;
  /** `kill -9`: what it had not written yet is lost. Its data stay, for {@link RunningKeycloak.restart}. */
  crash(): Promise<void>;
  /** Starts it again with the data it has, at the same address. Resolves when it answers. */
  restart(): Promise<void>;
  /** Stops it and removes all its data. */
  close(): Promise<void>;
}

const ADMIN = { user: 'admin', password: 'admin' };

/**
 * Starts a real Keycloak in development mode on the loopback interface, with fresh data. Needs a JDK, no Docker.
 *
 * The very first start of a version takes its time (build step, new database) and keeps the result in the cache;
 * each later one takes a few seconds.
 *
 * @throws Error that says what to install, or the end of Keycloak's log when it does not start
 */
export async function startKeycloak(options: KeycloakOptions = {}): Promise<RunningKeycloak> {
  requireJava();
  const onProgress = options.onProgress ?? (() => {});
  const distribution = findDistribution(options.version ?? NEWEST_VERSION, onProgress);
  const relativePath = (options.relativePath ?? '').replace(/\/+$/, '');
  const build = { relativePath, features: options.features ?? [] };
  const template = await prepareTemplate(
    distribution,
    { ...build, timeoutMs: options.timeoutMs },
    onProgress,
  );
  onProgress(`Starting Keycloak ${distribution.version}`);
  const server = await startServer(distribution, { ...options, ...build, template });
  return {
    url: server.url,
    issuerHint: options.hostname,
    version: distribution.version,
    adminUser: ADMIN.user,
    adminPassword: ADMIN.password,
    logFile: server.logFile,
    processGroup: () => server.process.groupId,
    exitCode: () => server.process.exitCode(),
    crash: () => server.process.crash(),
    restart: () => server.start(),
    close: () => stopServer(server),
  };
}

interface Server {
  process: ServerProcess;
  readonly home: string;
  readonly url: string;
  readonly logFile: string;
  /** Starts the process, again and again, and waits until it answers. */
  start(): Promise<void>;
}

/** What Keycloak's build step depends on. */
interface Build {
  readonly relativePath: string;
  readonly features: readonly string[];
}

type ServerOptions = Omit<KeycloakOptions, 'version'> & Build & { template?: string };

async function startServer(distribution: Distribution, options: ServerOptions): Promise<Server> {
  const port = options.port || (await freePort());
  const home = createServerHome(distribution, options.template);
  const logFile = join(home, 'keycloak.log');
  const args = ['start-dev', '--http-host', '127.0.0.1', '--http-port', String(port)];
  if (majorOf(distribution) >= 25) args.push('--http-management-port', String(await freePort()));
  if (options.relativePath !== '') args.push('--http-relative-path', options.relativePath);
  const ready = ['master'];
  if (options.features.length > 0) args.push(`--features=${options.features.join(',')}`);
  if (options.realmFile !== undefined) {
    const { realm } = JSON.parse(readFileSync(options.realmFile, 'utf8')) as { realm: string };
    copyFileSync(options.realmFile, join(home, 'data', 'import', `${realm}-realm.json`));
    args.push('--import-realm');
    ready.push(realm);
  }
  const run = () =>
    startProcess(join(home, 'bin', 'kc.sh'), args, {
      env: serverEnv(distribution, options),
      logFile,
      onKill: () => rmSync(home, { recursive: true, force: true, maxRetries: 5 }),
    });
  const server: Server = {
    ...{ process: run(), home, logFile, url: `http://127.0.0.1:${port}${options.relativePath}` },
    async start() {
      if (server.process.exitCode() !== undefined) server.process = run();
      for (const realm of ready) await waitUntilReady(server, realm, options.timeoutMs ?? 600_000);
    },
  };
  try {
    await server.start();
    return server;
  } catch (error) {
    await stopServer(server);
    throw error;
  }
}

async function stopServer(server: Server): Promise<void> {
  await server.process.stop();
  rmSync(server.home, { recursive: true, force: true, maxRetries: 5 });
}

function serverEnv(distribution: Distribution, options: ServerOptions): NodeJS.ProcessEnv {
  // Settings for another Keycloak on this machine must not reach this one.
  const own = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(KC_|KEYCLOAK_|JAVA_OPTS)/.test(name)),
  );
  const first = majorOf(distribution) >= 26 ? 'KC_BOOTSTRAP_ADMIN_USERNAME' : 'KEYCLOAK_ADMIN';
  const second = majorOf(distribution) >= 26 ? 'KC_BOOTSTRAP_ADMIN_PASSWORD' : 'KEYCLOAK_ADMIN_PASSWORD';
  // Up to 24 KC_HOSTNAME was the bare name, and KC_HOSTNAME_URL the whole URL.
  const hostname = majorOf(distribution) >= 25 ? 'KC_HOSTNAME' : 'KC_HOSTNAME_URL';
  return {
    ...own,
    JAVA_OPTS_APPEND: JAVA_OPTIONS[options.tunedFor ?? 'start'],
    [first]: ADMIN.user,
    [second]: ADMIN.password,
    ...(options.hostname === undefined ? {} : { [hostname]: options.hostname }),
    ...options.env,
  };
}

async function waitUntilReady(server: Server, realm: string, timeoutMs: number): Promise<void> {
  const giveUpAt = performance.now() + timeoutMs;
  for (;;) {
    const code = server.process.exitCode();
    if (code !== undefined) throw new Error(`Keycloak ended with exit code ${code}:\n${logTail(server)}`);
    const status = await fetch(`${server.url}/realms/${realm}`, { signal: AbortSignal.timeout(30_000) }).then(
      (response) => response.status,
      () => 0,
    );
    if (status === 200) return;
    if (performance.now() > giveUpAt) {
      throw new Error(`Keycloak did not answer within ${timeoutMs / 1000} s:\n${logTail(server)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function logTail(server: Server): string {
  return readFileSync(server.logFile, 'utf8').trim().split('\n').slice(-30).join('\n');
}

/** Runs Keycloak once, with nothing in it, and keeps what its build step and its new database came to. */
async function prepareTemplate(
  distribution: Distribution,
  build: ServerOptions,
  onProgress: (line: string) => void,
): Promise<string> {
  const wanted = [distribution.home, build.relativePath, ...build.features].join('\n');
  const key = createHash('sha256').update(wanted).digest('hex').slice(0, 8);
  const template = join(cacheFolder(), 'prepared', `${distribution.version}-${key}`);
  if (existsSync(template)) return template;
  onProgress(`Preparing Keycloak ${distribution.version} for quick starts (once, takes a minute)`);
  const server = await startServer(distribution, build);
  await server.process.stop();
  const made = mkdtempSync(join(tmpdir(), 'keycloak-prepared-'));
  cpSync(join(server.home, 'lib', 'quarkus'), join(made, 'quarkus'), {
    recursive: true,
    preserveTimestamps: true,
  });
  cpSync(join(server.home, 'data', 'h2'), join(made, 'h2'), { recursive: true });
  mkdirSync(join(template, '..'), { recursive: true });
  try {
    renameSync(made, template);
  } catch (error) {
    // Somebody else was faster.
    if (!existsSync(template)) throw error;
    rmSync(made, { recursive: true, force: true });
  }
  rmSync(server.home, { recursive: true, force: true });
  return template;
}

function majorOf(distribution: Distribution): number {
  return Number(distribution.version.split('.')[0]);
}
