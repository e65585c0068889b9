// For the adapters.
export { createCarryingFetch } from './carrying-fetch.ts';
export { type Caller, createOutgoing, type FindRealm } from './outgoing.ts';
