// What the rooms of this package share, and nobody else gets.
export { asPlugin } from './as-plugin.ts';
