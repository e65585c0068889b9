// What adapters check before they load the rest.
export { type EventsOptions, resolveEvents } from './options.ts';
