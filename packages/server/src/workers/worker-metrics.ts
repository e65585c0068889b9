import type { Config } from '../config/config.ts';
import type { Logger } from '../log/logger.ts';
import { startMetricsServer } from '../observability/metrics-server.ts';

/** `GET /metrics` of all workers in one, where `METRICS_PORT` is set. */
export async function startWorkerMetrics(
  { metricsPort, metricsHost: host }: Pick<Config, 'metricsPort' | 'metricsHost'>,
  logger: Logger,
  replaced: () => number,
): Promise<{ close(): void } | undefined> {
  if (metricsPort === undefined) return undefined;
  const { AggregatorRegistry, Counter, Registry } = await import('prom-client');
  const all = new AggregatorRegistry();
  const own = new Registry();
  new Counter({
    name: 'keycloak_guard_workers_replaced_total',
    help: 'Workers that died, and another took their place',
    registers: [own],
    collect() {
      this.reset();
      this.inc(replaced());
    },
  });
  const metrics = {
    contentType: all.contentType,
    metrics: async () => `${await all.clusterMetrics()}\n${await own.metrics()}`,
  };
  const server = await startMetricsServer(metrics, { host, port: metricsPort });
  logger.info(`metrics at http://${host.includes(':') ? `[${host}]` : host}:${server.port}/metrics`);
  return server;
}
