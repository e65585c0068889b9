import { inspect } from 'node:util';
import type { Token } from './token.ts';

/** What a grant is made of. */
export interface GrantProperties {
  access_token?: Token | undefined;
  refresh_token?: Token | undefined;
  id_token?: Token | undefined;
  /** Unit: seconds. */
  expires_in?: number | undefined;
  token_type?: string | undefined;
  /** The answer of Keycloak as it came. */
  __raw?: string | undefined;
}

/** The tokens of a user, or of this application itself. */
export class Grant implements GrantProperties {
  access_token?: Token | undefined;
  refresh_token?: Token | undefined;
  id_token?: Token | undefined;
  expires_in?: number | undefined;
  token_type?: string | undefined;
  #raw: string | object | undefined;
  /** Keeps it where sessions are kept; there once it is wrapped by a store. */
  declare store?: (request: object, response: object) => void;
  /** Takes it away from there. */
  declare unstore?: (request: object, response: object) => void;

  constructor(grant: GrantProperties) {
    this.update(grant);
  }

  /** The answer of Keycloak, as JSON. */
  get __raw(): string | undefined {
    // A bearer token was no answer: it is written as one where somebody wants it.
    if (typeof this.#raw === 'object') this.#raw = JSON.stringify(this.#raw);
    return this.#raw;
  }
  set __raw(raw: string | undefined) {
    this.#raw = raw;
  }

  /** Takes over the tokens of another grant. */
  update(grant: GrantProperties): void {
    this.access_token = grant.access_token;
    this.refresh_token = grant.refresh_token;
    this.id_token = grant.id_token;
    this.token_type = grant.token_type;
    this.expires_in = grant.expires_in;
    this.__raw = grant.__raw;
  }

  /** The same; `undefined` where the grant was made by hand. */
  // biome-ignore lint/suspicious/noExplicitAny: `toString` of an object may not be undefined, and here it may
  toString(): any {
    return this.__raw;
  }

  /** Whether the access token is over, or missing. */
  isExpired(): boolean {
    return this.access_token?.isExpired() ?? true;
  }

  [inspect.custom](): object {
    const { access_token, refresh_token, id_token, expires_in, token_type } = this;
    return { access_token, id_token, expires_in, token_type, refresh_token: refresh_token && '…' };
  }
}
