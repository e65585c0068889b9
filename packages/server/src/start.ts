import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import { type AppDeps, buildApp } from './app.ts';
import type { Config } from './config/config.ts';
import { createLogger, type Logger } from './log/logger.ts';
import { startMetricsServer } from './observability/metrics-server.ts';

/** A service that is listening. */
export interface RunningService {
  readonly app: FastifyInstance;
  /** Where it answers, for example `http://localhost:8000`. */
  readonly url: string;
  /** Where Prometheus finds its numbers; `undefined` where `METRICS_PORT` is not set. */
  readonly metricsUrl: string | undefined;
  /** Answers the requests that have begun, takes no new ones, and ends. */
  close(): Promise<void>;
}

/** Longest wait for Redis at the start. Unit: milliseconds. */
const LONGEST_WAIT_MS = 3_000;

/** Builds the app and listens. Does not need Keycloak: the service is "not ready" until Keycloak answers. */
export async function startService(
  config: Config,
  deps: Pick<AppDeps, 'logger' | 'docsLogin' | 'loopbackNamesOnly'> = {},
): Promise<RunningService> {
  const logger = deps.logger ?? (await createLogger(config));
  const app = await buildApp(config, { ...deps, logger, version: packageVersion() });
  try {
    return await listen(app, config, logger);
  } catch (error) {
    // The metrics port and the Redis connection would keep a useless process alive.
    await app.close();
    throw error;
  }
}

async function listen(app: FastifyInstance, config: Config, logger: Logger): Promise<RunningService> {
  const metrics =
    app.metrics === undefined || config.metricsPort === undefined
      ? undefined
      : await startMetricsServer(app.metrics, { host: config.metricsHost, port: config.metricsPort });
  app.addHook('onClose', async () => metrics?.close());
  // A proxy may send requests as soon as something listens, ready or not: by then this process has to know who was logged
  // out.
  app.checkClient();
  await app.whenKnowing(LONGEST_WAIT_MS);
  await app.listen({
    host: config.host,
    port: config.port,
    listenTextResolver: (address) => `listening at ${address}`,
  });
  const { port } = app.server.address() as AddressInfo;
  const url = toUrl(config.host, port);
  logger.info(
    { keycloak: config.serverUrl, realm: config.realm },
    `open ${url}${config.docs ? '/docs' : ''}`,
  );
  const metricsUrl = metrics && `${toUrl(config.metricsHost, metrics.port)}/metrics`;
  if (metricsUrl !== undefined) logger.info(`metrics at ${metricsUrl}`);
  return { app, url, metricsUrl, close: () => app.close() };
}

function toUrl(listensAt: string, port: number): string {
  const host = ['0.0.0.0', '::'].includes(listensAt) ? 'localhost' : listensAt;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/**
 * Not ready, but still listening, for `SHUTDOWN_DELAY_MS`; then closed.
 *
 * @returns the exit code: 1 where requests were under way for longer than `SHUTDOWN_TIMEOUT_MS`
 */
export async function closeService(service: RunningService, config: Config): Promise<number> {
  service.app.drain();
  await sleep(config.shutdownDelayMs);
  let timer: NodeJS.Timeout | undefined;
  const tooLong = new Promise<number>((resolve) => {
    timer = setTimeout(resolve, config.shutdownTimeoutMs, 1);
  });
  const code = await Promise.race([service.close().then(() => 0), tooLong]);
  clearTimeout(timer);
  return code;
}

function packageVersion(): string {
  const file = new URL('../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
