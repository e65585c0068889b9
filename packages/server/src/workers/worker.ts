import cluster from 'node:cluster';
import type { Registry } from 'prom-client';
import type { Config } from '../config/config.ts';
import type { WorkerLink } from '../shared/worker-link.ts';
import { openLink } from './link.ts';
import { type ToPrimary, type ToWorker, unwrap, wrap } from './messages.ts';
import { showLife } from './signs-of-life.ts';

/** The service in this process, which shares its state with others. */
export interface LinkedService {
  /** Numbers of this process for Prometheus; `undefined` without `METRICS_PORT`. */
  readonly metrics: Registry | undefined;
  isReady(): boolean;
  /** Answers the requests that have begun. Resolves to the exit code. */
  close(): Promise<number>;
}

/** How often this worker reports its readiness. Unit: milliseconds. */
const READY_EVERY_MS = 100;

/**
 * Runs one of several processes that answer at the same port, until the primary ends it.
 *
 * @returns the exit code
 */
export async function runWorker(
  config: Config,
  start: (config: Config, link: WorkerLink) => Promise<LinkedService>,
): Promise<number> {
  // A terminal and systemd signal every process; only the primary acts on it.
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => {});
  // Where the primary is gone, this process is about to end as well.
  const send = (message: ToPrimary) => void process.send?.(wrap(message), undefined, undefined, () => {});
  showLife(config.workerTimeoutMs, () => send({ kind: 'alive' }));
  const link = openLink({
    send,
    listen: (listener) =>
      process.on('message', (message) => {
        const ours = unwrap<ToWorker>(message);
        if (ours !== undefined) listener(ours);
      }),
  });
  const service = await start(toShare(config), link);
  if (service.metrics !== undefined) {
    const { AggregatorRegistry } = await import('prom-client');
    AggregatorRegistry.setRegistries([service.metrics]);
    // It listens for the primary's requests from now on.
    new AggregatorRegistry();
  }
  let told: boolean | undefined;
  const timer = setInterval(() => {
    const isReady = service.isReady();
    if (isReady !== told) link.tellReady(isReady);
    told = isReady;
  }, READY_EVERY_MS);
  await link.drained;
  clearInterval(timer);
  const code = await service.close();
  cluster.worker?.disconnect();
  return code;
}

/** The bounds on what runs at Keycloak are those of all workers together. */
function toShare(config: Config): Config {
  const { workers, callsMaxInFlight, loginMaxInFlight, loginMaxWaiting } = config;
  return {
    ...config,
    callsMaxInFlight: Math.max(1, Math.round(callsMaxInFlight / workers)),
    loginMaxInFlight: Math.max(1, Math.round(loginMaxInFlight / workers)),
    loginMaxWaiting: Math.round(loginMaxWaiting / workers),
  };
}
