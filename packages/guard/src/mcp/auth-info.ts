import type { Principal } from '../core/index.ts';

/** Who calls, as the MCP SDK has it (1.x and 2.x): tools find it as `extra.authInfo`, in 2.x as `ctx.http.authInfo`. */
export interface McpAuthInfo {
  /** The access token. */
  readonly token: string;
  /** Client that the token was issued to. */
  readonly clientId: string;
  readonly scopes: string[];
  /** Unit: seconds since 1970. */
  readonly expiresAt: number;
  /** URL of the MCP server. */
  readonly resource: URL;
  readonly extra: { readonly principal: Principal };
}

/** @param authorization the header, which was looked at before */
export function toAuthInfo(principal: Principal, authorization: string, resource: URL): McpAuthInfo {
  const info: McpAuthInfo = {
    token: authorization.replace(/^\S+ +/, ''),
    clientId: principal.authorizedParty ?? '',
    scopes: [...principal.scopes],
    expiresAt: principal.expiresAt,
    resource,
    extra: { principal },
  };
  // `console.log(request.auth)` is written fast, and logs are read by many.
  const inspect = () => ({ ...info, token: '…' });
  return Object.defineProperty(info, Symbol.for('nodejs.util.inspect.custom'), { value: inspect });
}
