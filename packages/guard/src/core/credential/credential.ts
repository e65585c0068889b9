import type { KeyObject } from 'node:crypto';
import type { JsonWebKey } from '../jwt/signature.ts';
import type { OptionRule } from '../options/check-options.ts';
import type { Issuer } from '../realm/issuer.ts';
import type { Notice } from '../runtime/notice.ts';
import { readSigningKeys } from './signing-key.ts';

/** How a client authenticates. `none`: it is a public client, which only says its name. */
export type CredentialKind = 'none' | 'secret' | 'secret-jwt' | 'key' | 'token' | 'certificate';

/** Headers and fields that authenticate this client in a call. */
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
    send: (authentication: Authentication) => Promise<T>,
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
  /** Reads its files, if it has any, until they were good once. Never rejects: a file that cannot be used is a notice. */
  load(): Promise<void>;
  /** `load` found a file that cannot be used, and none was good before. */
  readonly isMissing: boolean;
  /** In place of `fetch`, if the connection itself carries the credential. */
  readonly fetch?: typeof fetch | undefined;
}

/** The client that the credential is of, and the listener for its notices. */
export interface CredentialContext {
  readonly clientId: string;
  readonly onNotice: (notice: Notice) => void;
  /** Unit: milliseconds since 1970. */
  readonly clock: () => number;
}

/** How a secret is sent: in the form, in the `Authorization` header, or never, because it only signs (`client_secret_jwt`). */
export type SecretMethod = 'post' | 'basic' | 'jwt';

/**
 * How this application proves to Keycloak that it is its client. Files are read again at each call, so a new one counts at
 * once. If a file cannot be used, the last good value stays in use as long as it is valid.
 *
 * @see RFC 6749 §2.3, RFC 7523, RFC 8705 §2; Keycloak: Server Administration Guide, "Confidential client credentials"
 */
export type CredentialOptions =
  | {
      /** Secret of the client. */
      readonly secret: string;
      /** Default `post`. */
      readonly method?: SecretMethod | undefined;
    }
  | {
      /** File with the secret of the client and nothing else; a line break at its end does not count. */
      readonly secretFile: string;
      /** Default `post`. */
      readonly method?: SecretMethod | undefined;
    }
  | {
      /** Private key that signs an assertion for each call (`private_key_jwt`): PEM, JWK, JWK set or `KeyObject`. */
      readonly key: string | JsonWebKey | { readonly keys: readonly JsonWebKey[] } | KeyObject;
      /** Algorithm of the assertions. Default: `alg` of the JWK, or else RS256, ES256, ES384, ES512 or EdDSA, by the key. */
      readonly algorithm?: string | undefined;
    }
  | {
      /** File with that key: PEM, JWK or JWK set. */
      readonly keyFile: string;
      readonly algorithm?: string | undefined;
    }
  | {
      /**
       * File with a JWT that somebody else signs for this application, for example Kubernetes (`serviceAccountToken` with the
       * realm's issuer as its `audience`) or SPIFFE. Needs Keycloak 26.4 and the client authenticator `federated-jwt`.
       */
      readonly tokenFile: string;
    }
  | {
      /** File with the client certificate and its chain, in PEM (`tls_client_auth`). Node.js only. */
      readonly certificateFile: string;
      /** File with the private key of the certificate, in PEM. */
      readonly certificateKeyFile: string;
      /** File with the certificate authorities of Keycloak, in PEM. Default: those of Node.js. */
      readonly authorityFile?: string | undefined;
    };

const METHODS: readonly unknown[] = [undefined, 'post', 'basic', 'jwt'];
const isPath = (value: unknown): boolean => typeof value === 'string' && value !== '';
const isSecret = (value: unknown): boolean => isPath(value) && (value as string).trim() === value;

/** By the member that says which kind it is: the other members, and whether all of them are right. */
const SHAPES: Readonly<Record<string, (options: Record<string, unknown>) => boolean>> = {
  secret: ({ secret, method, ...rest }) => isSecret(secret) && METHODS.includes(method) && isEmpty(rest),
  secretFile: ({ secretFile, method, ...rest }) =>
    isPath(secretFile) && METHODS.includes(method) && isEmpty(rest),
  key: ({ key, algorithm, ...rest }) => isKey(key, algorithm) && isEmpty(rest),
  keyFile: ({ keyFile, algorithm, ...rest }) => isPath(keyFile) && isAlgorithm(algorithm) && isEmpty(rest),
  tokenFile: ({ tokenFile, ...rest }) => isPath(tokenFile) && isEmpty(rest),
  certificateFile: ({ certificateFile, certificateKeyFile, authorityFile, ...rest }) =>
    isPath(certificateFile) &&
    isPath(certificateKeyFile) &&
    (authorityFile === undefined || isPath(authorityFile)) &&
    isEmpty(rest),
};

/** The same object for each verifier, client and permission of one application, or how to make it. */
export const CREDENTIAL: OptionRule = {
  rule: `must be one of ${Object.keys(SHAPES)
    .map((name) => `{ ${name} }`)
    .join(', ')}, with a value that can be used, or what createCredential returned`,
  example: "{ tokenFile: '/var/run/secrets/keycloak/token' }",
  accepts: (value) => isCredential(value) || isCredentialOptions(value),
};

export function isCredential(value: unknown): value is Credential {
  return typeof (value as Partial<Credential> | null)?.authenticate === 'function';
}

function isCredentialOptions(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const shape = Object.keys(SHAPES).find((name) => Object.hasOwn(value, name));
  return shape !== undefined && (SHAPES[shape] as (typeof SHAPES)[string])({ ...value });
}

function isEmpty(rest: object): boolean {
  return Object.keys(rest).length === 0;
}

const isAlgorithm = (value: unknown): boolean => value === undefined || typeof value === 'string';

function isKey(key: unknown, algorithm: unknown): boolean {
  if (!isAlgorithm(algorithm)) return false;
  try {
    readSigningKeys(key as string, algorithm as string | undefined);
    return true;
  } catch {
    return false;
  }
}
