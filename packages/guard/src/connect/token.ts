import { inspect } from 'node:util';
import type { Principal } from '../core/index.ts';

/** The claims of a token. Those that are named here, Keycloak writes; mappers may add others. */
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
  // biome-ignore lint/suspicious/noExplicitAny: what a mapper adds may be anything
  [claim: string]: any;
}

/** What a token from Keycloak's authorization services permits. */
export interface TokenPermission {
  rsid?: string;
  rsname?: string;
  scopes?: string[];
}

interface Parts {
  header: Record<string, unknown> | undefined;
  claims: TokenContent;
  signature: Buffer | string | undefined;
  signed: string | false | undefined;
}

/** Spares a token that was verified from being taken apart for its roles. */
export let attachPrincipal: (token: Token, principal: Principal) => void;
/** Whether nobody has looked into it, so that it is still what came. */
export let isUntouched: (token: Token) => boolean;

/**
 * A JSON Web Token, taken apart. Nothing of it is verified by that: `GrantManager.validateToken` does it. What is no token
 * is one that has expired.
 */
export class Token {
  /** The token as it came. */
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

  get header(): Record<string, unknown> | undefined {
    return this.#read().header;
  }
  set header(header: Record<string, unknown> | undefined) {
    this.#read().header = header;
  }

  /** The claims; an application may change its own copy. */
  get content(): TokenContent {
    this.#content ??= this.#principal === undefined ? this.#read().claims : copy(this.#principal.claims);
    return this.#content;
  }
  set content(content: TokenContent) {
    this.#content = content;
  }

  get signature(): Buffer | string | undefined {
    return this.#read().signature;
  }
  set signature(signature: Buffer | string | undefined) {
    this.#read().signature = signature;
  }

  /** Header and payload as they were signed. */
  get signed(): string | false | undefined {
    return this.#read().signed;
  }
  set signed(signed: string | false | undefined) {
    this.#read().signed = signed;
  }

  /** Whether `exp` is over. */
  isExpired(): boolean {
    return ((this.content.exp ?? 0) as number) * 1000 < Date.now();
  }

  /**
   * Whether the token has a role: `name` of this application, `realm:name` of the realm, `client:name` of another client.
   * What follows the first colon is the name, colons included.
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
    if (this.#content === undefined && this.#principal !== undefined) {
      return this.#principal.clientRoles[clientId]?.includes(role) ?? false;
    }
    const access = this.content.resource_access;
    return access !== undefined && Object.hasOwn(access, clientId) && hasText(access[clientId]?.roles, role);
  }

  /** Whether the token has a role of the realm. */
  hasRealmRole(role: string): boolean {
    if (this.#content === undefined && this.#principal !== undefined) {
      return this.#principal.realmRoles.includes(role);
    }
    return hasText(this.content.realm_access?.roles, role);
  }

  /** Whether the token itself permits a resource (by id or name), or a scope of it. */
  hasPermission(resource: string, scope?: string): boolean {
    return grantsPermission(this.content.authorization?.permissions, resource, scope);
  }

  /** As it is without being taken apart at first use: for whoever writes a grant into an answer. */
  toJSON(): object {
    const { token, clientId, header, content, signature, signed } = this;
    return { token, clientId, header, content, signature, signed };
  }

  /** Whoever prints a token prints its claims, and nothing that could be used. */
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

/** One permission must name both: what grants a resource without naming scopes, grants no scope. */
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

/** JSON, which an application may change: a principal is shared by all requests with the token, and frozen. */
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
