// Loads no client of the Admin API: for calls that need none.
export { readBody } from './read-json.ts';
