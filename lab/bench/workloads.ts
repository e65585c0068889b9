import type { Contender } from './contenders.ts';

export interface Workload {
  readonly id: 'one' | 'many' | 'unseen' | 'forged';
  readonly label: string;
  readonly seconds: number;
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
];
