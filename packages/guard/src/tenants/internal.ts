// For the rooms of this package only.

export * from './index.ts';
export { TENANT_RULES } from './options.ts';
export { type TenantsHost, unknownTenant } from './tenant-request.ts';
export { createTenants, type Tenants } from './tenants.ts';
