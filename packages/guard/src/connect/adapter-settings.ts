import { readFileSync } from 'node:fs';
import type { KeycloakConfig } from './keycloak-config.ts';

/** What a `keycloak.json` says, by one name each. */
export interface AdapterSettings {
  readonly realm: string | undefined;
  readonly clientId: string | undefined;
  readonly secret: string | undefined;
  readonly isPublic: boolean | string;
  /** Keycloak's address as it was written. */
  readonly serverUrl: string | undefined;
  readonly isBearerOnly: boolean | string;
  /** In base64, without header and footer. */
  readonly publicKey: string | undefined;
  /** `undefined` where nothing is said. */
  readonly mustHaveAudience: boolean | undefined;
}

/** What both adapters read of a `keycloak.json`; references are resolved. */
export function toAdapterSettings(given: KeycloakConfig): AdapterSettings {
  const audience = given['verify-token-audience'] ?? given.verifyTokenAudience;
  return {
    realm: given.realm,
    clientId: given.resource || given['client-id'] || given.clientId,
    secret: given.credentials?.secret || given.secret || undefined,
    isPublic: toFlag(given['public-client'] || given.public || false),
    serverUrl: given['auth-server-url'] || given['server-url'] || given.serverUrl || given.authServerUrl,
    isBearerOnly: toFlag(given['bearer-only'] || given.bearerOnly || false),
    publicKey: given['realm-public-key'] || given.realmPublicKey || undefined,
    // A variable that is not set says nothing.
    mustHaveAudience: audience === undefined || audience === '' ? undefined : Boolean(toFlag(audience)),
  };
}

/**
 * A `keycloak.json`, its references not yet resolved.
 *
 * @throws {Error} where it cannot be read; what is in it is not shown, for it holds a secret
 */
export function readSettingsFile(path: string): KeycloakConfig {
  const text = readFileSync(path, 'utf8').replace(/^\uFEFF/, '');
  let settings: unknown;
  try {
    settings = JSON.parse(text);
  } catch {
    // The parser's own message quotes the text.
    throw new Error(`${path} is no JSON`);
  }
  if (typeof settings === 'object' && settings !== null) return settings as KeycloakConfig;
  throw new Error(`${path} holds no settings`);
}

const REFERENCE = /\$\{env\.([^:}]+)(?::([^}]*))?\}/g;

/**
 * Texts with environment variables in the place of `${env.NAME}` and `${env.NAME:otherwise}`; what is not set is empty. In
 * lists and plain objects as well; what else there is stays as it is.
 */
export function resolveReferences<T>(value: T): T;
export function resolveReferences(value: unknown): unknown {
  if (typeof value === 'string') {
    return value.replace(REFERENCE, (_, name: string, otherwise = '') => environmentOf(name) || otherwise);
  }
  if (Array.isArray(value)) return value.map((one) => resolveReferences(one));
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) {
    return value;
  }
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, resolveReferences(one)]));
}

/** Not what every object has. */
function environmentOf(name: string): string | undefined {
  return Object.hasOwn(process.env, name) ? process.env[name] : undefined;
}

/** `'false'` is what an environment variable says. */
function toFlag(value: boolean | string): boolean | string {
  return value === 'true' ? true : value === 'false' || value === '' ? false : value;
}
