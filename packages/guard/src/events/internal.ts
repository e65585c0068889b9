// What adapters check before they load the rest.
export { type EventsOptions, fillEvents, resolveEvents } from './options.ts';
