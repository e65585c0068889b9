// Users get this through their adapter; it has no import path.
export type {
  FetchAsOptions,
  FetchForOptions,
  OriginOptions,
  TokenAsOptions,
  TokenForOptions,
} from './options.ts';
