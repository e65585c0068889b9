// Adapters hand it out; it has no import path of its own.
export type {
  FetchAsOptions,
  FetchForOptions,
  OriginOptions,
  TokenAsOptions,
  TokenForOptions,
} from './options.ts';
