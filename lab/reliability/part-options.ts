import type { Cluster } from './machines/cluster.ts';

/** What each part is given. */
export interface PartOptions {
  readonly cluster: Cluster;
  /** Of `mixed`. */
  readonly minutes: number;
  /** How many logouts, or rounds of restarts. */
  readonly times: number;
  readonly log: (text: string) => void;
}
