import cluster from 'node:cluster';
import type { Config } from '../config.ts';
import { closeService, startService } from '../start.ts';
import { openLink } from './link.ts';
import { type ToPrimary, type ToWorker, unwrap, wrap } from './messages.ts';
import { showLife } from './signs-of-life.ts';

/** How often the primary is told whether this worker is ready. Unit: milliseconds. */
const READY_EVERY_MS = 100;

/** One of several processes that answer at the same port. It ends when the primary says so. */
export async function runWorker(config: Config): Promise<number> {
  // A terminal and systemd send their signals to every process; the primary says what comes of them.
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
  const service = await startService(toShare(config), { link });
  if (service.app.metrics !== undefined) {
    const { AggregatorRegistry } = await import('prom-client');
    AggregatorRegistry.setRegistries([service.app.metrics]);
    // It listens for the primary's requests from now on.
    new AggregatorRegistry();
  }
  let told: boolean | undefined;
  const timer = setInterval(() => {
    const isReady = service.app.isReadyItself();
    if (isReady !== told) link.tellReady(isReady);
    told = isReady;
  }, READY_EVERY_MS);
  await link.drained;
  clearInterval(timer);
  const code = await closeService(service, config);
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
