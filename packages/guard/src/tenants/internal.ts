// For the rooms of this package only.
export * from './index.ts';
export { TENANT_RULES } from './options.ts';
export { createTenantPool } from './pool.ts';
export type { TenantsHost } from './tenant-request.ts';
export { createTenants, type Tenants } from './tenants.ts';
export { unknownTenant } from './unknown-tenant.ts';
