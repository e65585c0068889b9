/**
 * Something the operator should know. Notices are rare (never one per request) and hold no secret.
 * Every `code` is stable and explained in `docs/errors.md`.
 */
export interface Notice {
  readonly level: 'info' | 'warn' | 'error';
  readonly code:
    | 'keys_loaded'
    | 'keys_unavailable'
    | 'key_ignored'
    | 'issuer_conflict'
    | 'issuer_mismatch'
    | 'recheck_impossible'
    | 'recheck_misconfigured'
    | 'provider_unavailable'
    | 'provider_back'
    | 'setting_unsafe'
    | 'setting_ignored'
    | 'logout_not_shared'
    | 'permissions_impossible'
    | 'audience_shared'
    | 'mcp_metadata_missing'
    | 'credential_old'
    | 'credential_missing'
    | 'credential_back'
    | 'calling_refused'
    | 'tenant_changed'
    | 'tenant_misconfigured'
    | 'tenants_unavailable'
    | 'requirement_unclear'
    | 'events_lost'
    | 'events_back'
    | 'events_missed'
    | 'events_unhandled';
  readonly message: string;
  /** What to do about it, where that is known. */
  readonly fix?: string | undefined;
  /** Name of the tenant that it is about, where there are tenants. */
  readonly tenant?: string | undefined;
}
