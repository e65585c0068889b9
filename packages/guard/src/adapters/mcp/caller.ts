import type { Principal } from '../../core/index.ts';
import type { Connection } from '../engine/index.ts';

/** The caller in the shape of the MCP SDK's `AuthInfo`. Tools find it as `extra.authInfo` in 1.x, `ctx.http.authInfo` in 2.x. */
export interface McpAuthInfo {
  /** The access token as it was sent. */
  readonly token: string;
  /** Client that the token was issued to. */
  readonly clientId: string;
  /** Scopes of the token. */
  readonly scopes: string[];
  /** When the token expires. Unit: seconds since 1970. */
  readonly expiresAt: number;
  /** URL of the MCP server. */
  readonly resource: URL;
  /** The verified caller, with roles and claims. */
  readonly extra: { readonly principal: Principal };
}

/** An admitted caller. */
export interface McpCaller {
  readonly principal: Principal;
  /** Set it as `auth` on the request: the SDK's transport reads it there. */
  readonly auth: McpAuthInfo;
  /** Watches an answer that is a stream: its signal aborts when the token expires or the session ends. */
  follow(): Connection;
  /** Call it with the head of the answer, before that is sent. @param sessionId its `Mcp-Session-Id`, if it has one */
  onHead(status: number, sessionId: string | undefined): void;
}

/** @param authorization the header that was verified */
export function toAuthInfo(principal: Principal, authorization: string, resource: URL): McpAuthInfo {
  const info: McpAuthInfo = {
    token: authorization.replace(/^\S+ +/, ''),
    clientId: principal.authorizedParty ?? '',
    scopes: [...principal.scopes],
    expiresAt: principal.expiresAt,
    resource,
    extra: { principal },
  };
  // `console.log(request.auth)` is quickly written, and many people read logs.
  const inspect = () => ({ ...info, token: '…' });
  return Object.defineProperty(info, Symbol.for('nodejs.util.inspect.custom'), { value: inspect });
}
