import { AuthError } from '../core/index.ts';

/** The refusal of a request whose tenant is none: clients learn no more than 404. */
export function unknownTenant(reason: string): AuthError {
  return new AuthError('tenant_unknown', `The request belongs to no tenant: ${reason}`);
}
