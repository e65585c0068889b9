import { inspect } from 'node:util';
import type { Token } from './token.ts';

/** The members of a {@link Grant}, by the names of RFC 6749 §5.1. */
export interface GrantProperties {
  /** Access token. */
  access_token?: Token | undefined;
  /** Refresh token. */
  refresh_token?: Token | undefined;
  /** ID token (OpenID Connect Core 1.0 §2). */
  id_token?: Token | undefined;
  /** Lifetime of the access token when it was issued. Unit: seconds. */
  expires_in?: number | undefined;
  /** `Bearer`. */
  token_type?: string | undefined;
  /** Keycloak's answer as it was sent. */
  __raw?: string | undefined;
}

/**
 * The tokens of a user, or of this application itself. `GrantManager` makes and validates them; the constructor does not.
 *
 * @example
 * const grant = new Grant({ access_token: new Token(token, 'my-app') });
 * const mayEdit = !grant.isExpired() && grant.access_token?.hasRole('editor');
 */
export class Grant implements GrantProperties {
  access_token?: Token | undefined;
  refresh_token?: Token | undefined;
  id_token?: Token | undefined;
  expires_in?: number | undefined;
  token_type?: string | undefined;
  #raw: string | object | undefined;
  /** Stores the grant in the session. A store adds this method. */
  declare store?: (request: object, response: object) => void;
  /** Removes the grant from the session. A store adds this method. */
  declare unstore?: (request: object, response: object) => void;

  constructor(grant: GrantProperties) {
    this.update(grant);
  }

  /** Keycloak's answer, as JSON. `undefined` if the grant was made by hand. */
  get __raw(): string | undefined {
    // A grant of a bearer token came as an object: it becomes JSON at the first read.
    if (typeof this.#raw === 'object') this.#raw = JSON.stringify(this.#raw);
    return this.#raw;
  }
  set __raw(raw: string | undefined) {
    this.#raw = raw;
  }

  /** Replaces the tokens with those of another grant. */
  update(grant: GrantProperties): void {
    this.access_token = grant.access_token;
    this.refresh_token = grant.refresh_token;
    this.id_token = grant.id_token;
    this.token_type = grant.token_type;
    this.expires_in = grant.expires_in;
    this.__raw = grant.__raw;
  }

  /** The same as `__raw`. */
  // biome-ignore lint/suspicious/noExplicitAny: `toString` must return a string, and keycloak-connect's may return undefined
  toString(): any {
    return this.__raw;
  }

  /** Whether the access token has expired or is missing. */
  isExpired(): boolean {
    return this.access_token?.isExpired() ?? true;
  }

  [inspect.custom](): object {
    const { access_token, refresh_token, id_token, expires_in, token_type } = this;
    return { access_token, id_token, expires_in, token_type, refresh_token: refresh_token && '…' };
  }
}
