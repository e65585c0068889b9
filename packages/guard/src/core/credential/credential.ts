import type { JsonWebKey } from '../jwt/web-signature.ts';
import type { Issuer } from '../realm/issuer.ts';
import type { Notice } from '../runtime/notice.ts';

/** How a client authenticates. `none`: it is a public client, which only says its name. */
export type CredentialKind = 'none' | 'secret' | 'secret-jwt' | 'key' | 'token' | 'certificate';

/** What a call carries so that Keycloak knows this client. */
export interface Authentication {
  readonly headers: Readonly<Record<string, string>>;
  /** Fields of the form. */
  readonly fields: Readonly<Record<string, string>>;
}

/** As much of Keycloak's answer as says whether it took the credential. */
export interface CredentialAnswer {
  readonly status: number;
  readonly body: string;
}

/** Proves to Keycloak that this application is its client. Nothing in it can be printed. */
export interface Credential {
  readonly kind: CredentialKind;
  /**
   * Sends a call with this client's authentication. Sends it again with another one if Keycloak refuses the client, and there
   * is a newer secret, key or token by then, or an older one that is still good.
   *
   * @param realm whose issuer an assertion is for
   * @param send sends the call once, with what it has to carry
   * @throws {AuthError} `provider_unavailable` if there is nothing to authenticate with; or what `send` throws
   */
  authenticate<T extends CredentialAnswer>(
    realm: Pick<Issuer, 'discover'>,
    send: (shown: Authentication) => Promise<T>,
  ): Promise<T>;
  /** Everything secret that is held, in each form in which it is sent: to be hidden in messages. */
  secrets(): readonly string[];
  /**
   * The public halves of the keys that sign assertions, for Keycloak to read (Clients > the client > Keys > JWKS URL).
   *
   * @example
   * app.get('/client-keys', async (_, response) => response.json(await credential.publicKeys()));
   */
  publicKeys(): Promise<{ readonly keys: readonly JsonWebKey[] }>;
  /** In place of `fetch`, if the connection itself carries the credential. */
  readonly fetch?: typeof fetch | undefined;
}

/** Whose credential it is, and who hears of troubles with it. */
export interface CredentialContext {
  readonly clientId: string;
  readonly onNotice: (notice: Notice) => void;
  /** Unit: milliseconds since 1970. */
  readonly clock: () => number;
}
