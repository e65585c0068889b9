import type { ClientContext } from './context.ts';
import { grant } from './grant.ts';
import type { Tokens } from './tokens.ts';

/** A user's credentials, once. */
export interface PasswordGrantRequest {
  readonly username: string;
  readonly password: string;
  /** Scopes to ask for, separated by one space. Default `openid`: userinfo refuses tokens without it. */
  readonly scope?: string | undefined;
  /** Address of the user, passed on as `X-Forwarded-For` for Keycloak's events and brute force detection. */
  readonly clientIp?: string | undefined;
}

/** RFC 6749 §4.3.2 */
export async function passwordGrant(context: ClientContext, request: PasswordGrantRequest): Promise<Tokens> {
  const { username, password, scope = 'openid', clientIp } = request;
  return grant(context, 'password', { username, password, scope }, { clientIp, hidden: [password] });
}
