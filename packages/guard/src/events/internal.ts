// For adapters, which check options before they load the rest.
export { type EventsOptions, fillEvents, resolveEvents } from './options.ts';
