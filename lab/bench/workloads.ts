import type { Contender } from './contenders.ts';

export interface Workload {
  readonly id: 'one' | 'many' | 'unseen' | 'forged' | 'rotation';
  readonly label: string;
  readonly seconds: number;
  /** Where a round needs long preparation. */
  readonly maxRounds?: number;
  readonly takesPart: (contender: Contender) => boolean;
}

const everybody = () => true;
const verifiers = (contender: Contender) => !contender.isOpen && !contender.asksAlways;

export const MANY = 2_000;

export const WORKLOADS: readonly Workload[] = [
  { id: 'one', label: 'one token', seconds: 2, takesPart: everybody },
  { id: 'many', label: '2,000 tokens in turn', seconds: 2, takesPart: everybody },
  { id: 'unseen', label: 'tokens never seen before', seconds: 1, takesPart: verifiers },
  { id: 'forged', label: 'forged tokens', seconds: 1, takesPart: verifiers },
  {
    id: 'rotation',
    label: 'mixed, keys rotated in the middle',
    seconds: 4,
    maxRounds: 1,
    takesPart: verifiers,
  },
];

/** Of 100 requests of the mixed workload. */
export const MIX = { known: 90, unseen: 5, forged: 5 } as const;
/** Requests before the mixed workload begins again. */
export const MIXED = 40_000;
