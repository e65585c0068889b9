import { resolve } from 'node:path';
import type { CredentialOptions } from 'keycloak-guard';
import { isPlaceholder, type Setting } from './setting.ts';

/** How this service proves to Keycloak that it is its client: one of these. */
export const CREDENTIAL_SETTINGS = {
  KEYCLOAK_CLIENT_SECRET: {
    description: "Secret of that client: in Keycloak's admin console, Clients > the client > Credentials.",
    rule: "must be the client secret from Keycloak's admin console, Clients > the client > Credentials",
    example: 'the-secret-from-the-console',
    secret: true,
    json: 'credentials.secret',
    parse: (text) => (isPlaceholder(text) || /[\r\n]/.test(text) || text.trim() !== text ? undefined : text),
  },
  KEYCLOAK_CLIENT_SECRET_FILE: {
    description: 'File with that secret, in its place. A new secret counts at once.',
    rule: 'must be the path of a file with the client secret and nothing else',
    example: '/run/secrets/keycloak-client-secret',
    optional: true,
    parse: (text) => text,
  },
  KEYCLOAK_CLIENT_KEY_FILE: {
    description:
      "File with a private key (PEM, JWK or JWK set), in place of a secret. The client's authenticator in Keycloak is *Signed JWT*, with the public key. A new key counts at once.",
    rule: 'must be the path of a file with a private key in PEM or as a JWK',
    example: '/run/secrets/keycloak-client-key.pem',
    optional: true,
    parse: (text) => text,
  },
  KEYCLOAK_CLIENT_TOKEN_FILE: {
    description:
      "File with a token that Kubernetes or SPIFFE writes, in place of a secret. The client's authenticator in Keycloak (26.4 or later) is *Signed JWT - Federated*; the token's audience is the issuer of the realm.",
    rule: 'must be the path of a file with a signed token',
    example: '/var/run/secrets/keycloak/token',
    optional: true,
    parse: (text) => text,
  },
  KEYCLOAK_CLIENT_CERTIFICATE_FILE: {
    description:
      "File with a client certificate and its chain (PEM), in place of a secret; with `KEYCLOAK_CLIENT_CERTIFICATE_KEY_FILE` and Keycloak by https. The client's authenticator in Keycloak is *X509 Certificate*. A new certificate counts at once.",
    rule: 'must be the path of a file with a certificate in PEM',
    example: '/run/secrets/keycloak-client.crt',
    optional: true,
    parse: (text) => text,
  },
  KEYCLOAK_CLIENT_CERTIFICATE_KEY_FILE: {
    description: 'File with the private key of that certificate (PEM).',
    rule: 'must be the path of a file with the private key of KEYCLOAK_CLIENT_CERTIFICATE_FILE',
    example: '/run/secrets/keycloak-client.key',
    optional: true,
    parse: (text) => text,
  },
} satisfies Record<string, Setting>;

export type CredentialSetting = keyof typeof CREDENTIAL_SETTINGS;

type TextOf = (name: CredentialSetting) => string | undefined;

/** Those that are set, the secret first. The key of a certificate is a part of that. */
export function credentialsIn(textOf: TextOf): CredentialSetting[] {
  const names = Object.keys(CREDENTIAL_SETTINGS) as CredentialSetting[];
  return names.filter((name) => name !== CERTIFICATE[1] && textOf(name) !== undefined);
}

const CERTIFICATE = ['KEYCLOAK_CLIENT_CERTIFICATE_FILE', 'KEYCLOAK_CLIENT_CERTIFICATE_KEY_FILE'] as const;

/** The half of a certificate that is missing where the other one is set. */
export function missingHalf(textOf: TextOf): CredentialSetting | undefined {
  const missing = CERTIFICATE.filter((name) => textOf(name) === undefined);
  return missing.length === 1 ? missing[0] : undefined;
}

/**
 * @param secret may come from a `keycloak.json` too
 * @param cwd start of a relative path
 */
export function toCredential(textOf: TextOf, secret: string | undefined, cwd: string): CredentialOptions {
  const pathOf = (name: CredentialSetting): string | undefined => {
    const path = textOf(name);
    return path && resolve(cwd, path);
  };
  const secretFile = pathOf('KEYCLOAK_CLIENT_SECRET_FILE');
  const keyFile = pathOf('KEYCLOAK_CLIENT_KEY_FILE');
  const tokenFile = pathOf('KEYCLOAK_CLIENT_TOKEN_FILE');
  const [certificateFile, certificateKeyFile] = CERTIFICATE.map(pathOf);
  // Without its key it has been refused.
  if (certificateFile !== undefined)
    return { certificateFile, certificateKeyFile: certificateKeyFile as string };
  if (secretFile !== undefined) return { secretFile };
  if (keyFile !== undefined) return { keyFile };
  return tokenFile === undefined ? { secret: secret as string } : { tokenFile };
}

/** Options of the library, and the settings of the service and the command line that set them. */
const SETTING_OF: Readonly<Record<string, string>> = {
  serverUrl: 'KEYCLOAK_SERVER_URL',
  realm: 'KEYCLOAK_REALM',
  issuer: 'KEYCLOAK_ISSUER',
  clientId: 'KEYCLOAK_CLIENT_ID',
  clientSecret: 'KEYCLOAK_CLIENT_SECRET',
  'credential.keyFile': 'KEYCLOAK_CLIENT_KEY_FILE',
  'credential.tokenFile': 'KEYCLOAK_CLIENT_TOKEN_FILE',
  timeoutMs: 'KEYCLOAK_TIMEOUT_MS',
  clockToleranceSeconds: 'CLOCK_TOLERANCE_SECONDS',
};

/** Names settings in an advice of the library, which names its options: "the option realm" becomes `KEYCLOAK_REALM`. */
export const toSettingNames = (fix: string): string =>
  fix.replace(/the option (\w+(?:\.\w+)?)/g, (words, option: string) => SETTING_OF[option] ?? words);

/** Settings that hold a credential of the client, or name the file with it: the service takes one of them. */
export const CREDENTIAL_SETTING_NAMES: readonly string[] = Object.keys(CREDENTIAL_SETTINGS);
