import type { Claims, Principal } from '../core/index.ts';

/** A token as `@ConditionalScopes` gets it. */
export interface ConnectToken {
  readonly token: string;
  readonly content: Claims;
  /** `realm:<role>`, `<client id>:<role>`, or a role of this client. */
  hasRole(name: string): boolean;
  hasRealmRole(name: string): boolean;
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
