// The types that adapters hand on to users.
export type {
  TenantDirectory,
  TenantLookup,
  TenantRequest,
  TenantSettings,
  TenantsOptions,
} from './options.ts';
