export * from './index.ts';
export { LOGIN_LIMIT_RULES } from './login-limits.ts';
