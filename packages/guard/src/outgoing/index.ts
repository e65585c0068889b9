export type {
  FetchAsOptions,
  FetchForOptions,
  OriginOptions,
  TokenAsOptions,
  TokenForOptions,
} from './options.ts';
export { type Caller, createOutgoing, type Outgoing } from './outgoing.ts';
