import type { Measured } from './statistics.ts';

/** Ours ÷ theirs, above 1 where ours is the quicker: by requests per second, and by processor time for each. */
export interface Comparison {
  /** The smaller of the two, so that a lucky round proves nothing. */
  readonly value: number;
  readonly text: string;
  /** The two disagree: what else the machine did shows in them. */
  readonly isDisturbed: boolean;
}

type Speed = Pick<Measured, 'perSecond' | 'cpuMicroseconds'>;

export function compare(ours: Speed, theirs: Speed): Comparison {
  const byRequests = ours.perSecond / theirs.perSecond;
  const byCpu = theirs.cpuMicroseconds / ours.cpuMicroseconds;
  return {
    value: Math.min(byRequests, byCpu),
    text: `${byRequests.toFixed(2)} by requests, ${byCpu.toFixed(2)} by processor time`,
    isDisturbed: Math.abs(byRequests / byCpu - 1) > 0.25,
  };
}
