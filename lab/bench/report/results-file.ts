import type { Figure } from '../figures.ts';
import type { Measured } from '../statistics.ts';

/** What `bench/results.json` keeps: the parts are run apart, the page shows the last run of each. */
export interface Results {
  measured: readonly Measured[];
  machine: string;
  figures: Readonly<Record<string, readonly Figure[]>>;
}
