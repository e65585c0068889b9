import type { Claims, Principal } from '../../core/index.ts';

/** The token that a {@link ConditionalScopeFn} gets. */
export interface ConnectToken {
  /** The access token as it was sent. */
  readonly token: string;
  /** Its claims. */
  readonly content: Claims;
  /** Whether the token has a role: `realm:<role>`, `<client id>:<role>`, or a role of this client. */
  hasRole(name: string): boolean;
  /** Whether the token has a role of the realm. */
  hasRealmRole(name: string): boolean;
  /** Whether the token has a role of a client. */
  hasApplicationRole(client: string, name: string): boolean;
}

export function toConnectToken(token: string, principal: Principal, clientId: string): ConnectToken {
  const hasRealmRole = (name: string) => principal.realmRoles.includes(name);
  const hasApplicationRole = (client: string, name: string) =>
    principal.clientRoles[client]?.includes(name) ?? false;
  return {
    token,
    content: principal.claims,
    hasRealmRole,
    hasApplicationRole,
    hasRole(name) {
      const at = name.indexOf(':');
      if (at === -1) return hasApplicationRole(clientId, name);
      const [where, role] = [name.slice(0, at), name.slice(at + 1)];
      return where === 'realm' ? hasRealmRole(role) : hasApplicationRole(where, role);
    },
  };
}
