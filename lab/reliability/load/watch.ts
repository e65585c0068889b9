import { quantile } from '../../bench/statistics.ts';
import type { Cluster } from '../machines/cluster.ts';
import type { Load } from './load.ts';

/** Resident memory of each replica, in the order of the replicas. Unit: bytes. */
export type MemorySamples = readonly (readonly number[])[];

/** Shows how a load goes on, and measures the memory of the replicas. */
export interface Watch {
  readonly memory: MemorySamples;
  stop(): void;
}

export function watchLoad(
  load: Load,
  cluster: Cluster,
  log: (text: string) => void,
  everyMs = 10_000,
): Watch {
  const memory: number[][] = cluster.replicas.map(() => []);
  let beats = 0;
  let requests = 0;
  const sampler = setInterval(() => {
    cluster.replicas.forEach((replica, i) => {
      const rss = replica.rss();
      if (rss !== undefined && !Number.isNaN(rss)) memory[i]?.push(rss);
    });
    if (++beats % Math.round(everyMs / 1000) !== 0) return;
    const { tally } = load;
    const recent = (tally.times.get('GET /protected, token') ?? []).slice(-1_000).sort((a, b) => a - b);
    const perSecond = (tally.requests - requests) / (everyMs / 1000);
    requests = tally.requests;
    const wrong = tally.signedOutWrongly.length + tally.letInWrongly.length;
    const megabytes = memory.map((samples) => Math.round((samples.at(-1) ?? 0) / 2 ** 20)).join('/');
    log(
      `${load.scene.phase.name}: ${tally.requests} requests, ${perSecond.toFixed(0)}/s, ` +
        `/protected p99 ${quantile(recent, 0.99).toFixed(0)} ms, ${load.scene.visits.live.length} signed in, ` +
        `failed ${tally.failed} (unexplained ${tally.unexplained}), wrongly in or out ${wrong}, ${megabytes} MiB`,
    );
  }, 1_000);
  return { memory, stop: () => clearInterval(sampler) };
}
