import { readFileSync } from 'node:fs';
import type { KeycloakConfig } from './keycloak-config.ts';

/** The settings of a `keycloak.json`, with one name for each. */
export interface AdapterSettings {
  readonly realm: string | undefined;
  readonly clientId: string | undefined;
  readonly secret: string | undefined;
  readonly isPublic: boolean | string;
  /** Keycloak's address, as written. */
  readonly serverUrl: string | undefined;
  readonly isBearerOnly: boolean | string;
  /** In base64, without header and footer. */
  readonly publicKey: string | undefined;
  /** `undefined` if it is not set. */
  readonly mustHaveAudience: boolean | undefined;
}

/** @param given with references resolved */
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
 * Reads a `keycloak.json`. References are not resolved yet.
 *
 * @throws {Error} if it cannot be read. The message quotes nothing of the file, which holds a secret
 */
export function readSettingsFile(path: string): KeycloakConfig {
  const text = readFileSync(path, 'utf8').replace(/^\uFEFF/, '');
  let settings: unknown;
  try {
    settings = JSON.parse(text);
  } catch {
    // The parser's message would quote the file.
    throw new Error(`${path} is not JSON`);
  }
  if (typeof settings === 'object' && settings !== null) return settings as KeycloakConfig;
  throw new Error(`${path} contains no settings`);
}

const REFERENCE = /\$\{env\.([^:}]+)(?::([^}]*))?\}/g;

/**
 * Replaces `${env.NAME}` and `${env.NAME:otherwise}` in strings, lists and plain objects. A variable that is not set is
 * empty.
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

/** Own properties only: `constructor` is not a variable. */
function environmentOf(name: string): string | undefined {
  return Object.hasOwn(process.env, name) ? process.env[name] : undefined;
}

/** An environment variable is a string: `'false'`. */
function toFlag(value: boolean | string): boolean | string {
  return value === 'true' ? true : value === 'false' || value === '' ? false : value;
}
