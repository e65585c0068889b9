import { inspect } from 'node:util';
import type { Principal } from 'keycloak-guard';

/** The claims of a token (RFC 7519 §4.1, OpenID Connect Core 1.0 §5.1). Mappers in Keycloak may add others. */
export interface TokenContent {
  exp?: number;
  iat?: number;
  iss?: string;
  aud?: string | string[];
  sub?: string;
  typ?: string;
  azp?: string;
  sid?: string;
  scope?: string;
  preferred_username?: string;
  name?: string;
  given_name?: string;
  family_name?: string;
  email?: string;
  email_verified?: boolean;
  realm_access?: { roles?: string[] };
  resource_access?: Record<string, { roles?: string[] }>;
  authorization?: { permissions?: TokenPermission[] };
  // biome-ignore lint/suspicious/noExplicitAny: mappers may add anything
  [claim: string]: any;
}

/** A permission in a token that Keycloak's authorization services issued. */
export interface TokenPermission {
  /** Id of the resource. */
  rsid?: string;
  /** Name of the resource. */
  rsname?: string;
  /** Granted scopes. Missing if the resource has none. */
  scopes?: string[];
}

interface Parts {
  header: Record<string, unknown> | undefined;
  claims: TokenContent;
  signature: Buffer | string | undefined;
  signed: string | false | undefined;
}

/** Lets a verified token answer for its roles without being parsed. */
export let attachPrincipal: (token: Token, principal: Principal) => void;
/** Whether the token's parts are unread, and so unchanged. */
export let isUntouched: (token: Token) => boolean;

/**
 * A JSON Web Token in its parts (RFC 7519). It is not verified: `GrantManager.validateToken` does that. A malformed token
 * counts as expired.
 *
 * @example
 * const mayEdit = new Token(token, 'my-app').hasRole('editor');
 */
export class Token {
  /** The token as it was sent. */
  token: string;
  /** The client whose roles `hasRole('name')` means. */
  clientId: string | undefined;
  #parts: Parts | undefined;
  #content: TokenContent | undefined;
  #principal: Principal | undefined;

  constructor(token: string, clientId?: string) {
    this.token = token;
    this.clientId = clientId;
  }

  /** The header, decoded. `undefined` for a malformed token. */
  get header(): Record<string, unknown> | undefined {
    return this.#read().header;
  }
  set header(header: Record<string, unknown> | undefined) {
    this.#read().header = header;
  }

  /** The claims. Each token has its own copy, which the application may change. */
  get content(): TokenContent {
    this.#content ??= this.#principal === undefined ? this.#read().claims : copy(this.#principal.claims);
    return this.#content;
  }
  set content(content: TokenContent) {
    this.#content = content;
  }

  /** The signature. `undefined` for a malformed token. */
  get signature(): Buffer | string | undefined {
    return this.#read().signature;
  }
  set signature(signature: Buffer | string | undefined) {
    this.#read().signature = signature;
  }

  /** Header and payload as they were signed. `undefined` for a malformed token. */
  get signed(): string | false | undefined {
    return this.#read().signed;
  }
  set signed(signed: string | false | undefined) {
    this.#read().signed = signed;
  }

  /** Whether the time `exp` has passed. */
  isExpired(): boolean {
    return ((this.content.exp ?? 0) as number) * 1000 < Date.now();
  }

  /**
   * Whether the token has a role: `name` of this client, `realm:name` of the realm, `client:name` of another client. The name
   * is everything after the first colon.
   *
   * @example
   * const mayEdit = grant.access_token?.hasRole('realm:editor');
   */
  hasRole(name: string): boolean {
    if (!this.clientId) return false;
    const colon = name.indexOf(':');
    if (colon === -1) return this.hasApplicationRole(this.clientId, name);
    const [owner, role] = [name.slice(0, colon), name.slice(colon + 1)];
    return owner === 'realm' ? this.hasRealmRole(role) : this.hasApplicationRole(owner, role);
  }

  /** Whether the token has a role of a client. */
  hasApplicationRole(clientId: string, role: string): boolean {
    if (this.#content === undefined && this.#principal !== undefined)
      return this.#principal.clientRoles[clientId]?.includes(role) ?? false;
    const access = this.content.resource_access;
    return access !== undefined && Object.hasOwn(access, clientId) && hasText(access[clientId]?.roles, role);
  }

  /** Whether the token has a role of the realm. */
  hasRealmRole(role: string): boolean {
    if (this.#content === undefined && this.#principal !== undefined)
      return this.#principal.realmRoles.includes(role);
    return hasText(this.content.realm_access?.roles, role);
  }

  /**
   * Whether the token itself carries a permission for a resource, by id or name, and for a scope if one is given.
   *
   * @example
   * const mayView = grant.access_token?.hasPermission('album', 'view');
   */
  hasPermission(resource: string, scope?: string): boolean {
    return grantsPermission(this.content.authorization?.permissions, resource, scope);
  }

  /** The parts as plain members, as keycloak-connect's token has them. */
  toJSON(): object {
    const { token, clientId, header, content, signature, signed } = this;
    return { token, clientId, header, content, signature, signed };
  }

  /** Printing a token shows its claims, and nothing that could be used. */
  [inspect.custom](): object {
    return { clientId: this.clientId, content: this.content, token: '…' };
  }

  #read(): Parts {
    this.#parts ??= parse(this.token);
    return this.#parts;
  }

  static {
    attachPrincipal = (token, principal) => {
      token.#principal = principal;
    };
    isUntouched = (token) => token.#parts === undefined && token.#content === undefined;
  }
}

/** One permission must name both: a permission without scopes grants no scope. */
export function grantsPermission(
  permissions: readonly TokenPermission[] | undefined,
  resource: string,
  scope: string | undefined,
): boolean {
  if (!Array.isArray(permissions)) return false;
  return permissions.some(
    ({ rsid, rsname, scopes }) =>
      (rsid === resource || rsname === resource) && (scope === undefined || hasText(scopes, scope)),
  );
}

function hasText(list: unknown, text: string): boolean {
  return Array.isArray(list) && list.includes(text);
}

const NO_TOKEN = { header: undefined, signature: undefined, signed: undefined };

function parse(token: string): Parts {
  try {
    const [header = '', payload = '', signature = ''] = token.split('.');
    return {
      header: readObject(header),
      claims: readObject(payload),
      signature: Buffer.from(signature, 'base64url'),
      signed: `${header}.${payload}`,
    };
  } catch {
    return { ...NO_TOKEN, claims: { exp: 0 } };
  }
}

function readObject(segment: string): Record<string, unknown> {
  const value: unknown = JSON.parse(Buffer.from(segment, 'base64url').toString());
  if (typeof value !== 'object' || value === null) throw new TypeError('not an object');
  return value as Record<string, unknown>;
}

/** Copies JSON, because the principal is frozen and shared by all requests with the token. */
function copy<T extends object>(value: T): T;
function copy(value: unknown[] | Record<string, unknown>): unknown {
  if (Array.isArray(value)) return value.map((one) => (isObject(one) ? copy(one) : one));
  const copied = { ...value };
  for (const name in copied) {
    const one = copied[name];
    if (isObject(one)) copied[name] = copy(one);
  }
  return copied;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
