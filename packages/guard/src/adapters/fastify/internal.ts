// For other rooms of this package.
export { asPlugin } from './as-plugin.ts';
