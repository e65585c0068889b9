// The types that adapters hand on to users.
export type { TenantRequest, TenantSettings, TenantsBy, TenantsOptions } from './options.ts';
