export * from './index.ts';
export { LOGIN_LIMIT_RULES } from './options.ts';
