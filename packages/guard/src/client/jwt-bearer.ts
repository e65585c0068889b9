import type { ClientContext } from './context.ts';
import { grant } from './grant.ts';
import type { Tokens } from './tokens.ts';

/** Who signed for the user, and what the token is for. */
export interface JwtBearerRequest {
  /** A JWT of an issuer that the realm trusts for this, with the realm's issuer or token endpoint as its only audience. */
  readonly assertion: string;
  /** Scopes to ask for, separated by one space. Default: the client's default scopes. */
  readonly scope?: string | undefined;
}

/** A token for the user whom another issuer vouches for (RFC 7523 §2.1). */
export function jwtBearer(context: ClientContext, { assertion, scope }: JwtBearerRequest): Promise<Tokens> {
  const fields = { assertion, ...(scope === undefined ? {} : { scope }) };
  return grant(context, 'urn:ietf:params:oauth:grant-type:jwt-bearer', fields, { hidden: [assertion] });
}
