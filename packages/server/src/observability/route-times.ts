import type { Registry } from 'prom-client';
import type { OnAnswered } from './answers.ts';

/** Unit: seconds. A known token is answered in less than a millisecond, a login in a tenth of a second. */
const BUCKETS = [0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const NAME = 'http_request_duration_seconds';

/** Of one route and status. */
interface Times {
  readonly route: string;
  readonly status: number;
  /** How many took no longer than each bucket and longer than the one before; the last: longer than all. */
  readonly counts: number[];
  sum: number;
}

/**
 * How long requests take, by route and status. Counted here, and handed over when Prometheus asks: prom-client makes a key
 * of the labels each time it observes.
 */
export function countTimes(registry: Registry): OnAnswered {
  const byRoute = new Map<string, Times[]>();

  function timesOf(route: string, status: number): Times {
    const all = byRoute.get(route) ?? [];
    if (all.length === 0) byRoute.set(route, all);
    all[status] ??= { route, status, counts: new Array(BUCKETS.length + 1).fill(0), sum: 0 };
    return all[status];
  }

  // As much of a metric as a registry reads.
  registry.registerMetric({
    name: NAME,
    get: async () => ({
      ...{ name: NAME, help: 'Time to answer, by route and status', type: 'histogram', aggregator: 'sum' },
      values: [...byRoute.values()].flatMap((all) => Object.values(all).flatMap(toValues)),
    }),
  } as never);

  return ({ route = 'none', reply: { statusCode } }, ms) => {
    const seconds = ms / 1000;
    const times = timesOf(route, statusCode);
    let bucket = 0;
    while (bucket < BUCKETS.length && seconds > (BUCKETS[bucket] as number)) bucket++;
    (times.counts[bucket] as number)++;
    times.sum += seconds;
  };
}

/** As prom-client shows a histogram: each bucket has what the smaller ones have. */
function toValues({ route, status, counts, sum }: Times): object[] {
  const labels = { route, status };
  let count = 0;
  const buckets = counts.map((own, at) => {
    count += own;
    return { metricName: `${NAME}_bucket`, labels: { le: BUCKETS[at] ?? '+Inf', ...labels }, value: count };
  });
  return [
    ...buckets,
    { metricName: `${NAME}_sum`, labels, value: sum },
    { metricName: `${NAME}_count`, labels, value: count },
  ];
}
