/**
 * For `@keycloak-guard/connect/nest` of the same version only. Names here change without notice in any version, so import nothing
 * from this path.
 */
export { type ConnectionGuard, createEngine, type Engine } from '../adapters/engine/internal.ts';
export * from '../adapters/nest/internal.ts';
export type { TenantSettings } from '../tenants/index.ts';
