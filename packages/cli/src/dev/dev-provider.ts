import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ClientRepresentation, DevIdp, RealmRepresentation } from '@keycloak-guard/testing';
import { cacheFolder } from './running-provider.ts';

export const TESTING_REALM = fileURLToPath(import.meta.resolve('@keycloak-guard/testing/testing-realm.json'));

const PORTS_TRIED = 100;
// The Dockerfile takes what runs in production, and nothing with a password that everybody knows.
const NO_REALM =
  'the embedded provider has no realm here: the Docker image leaves out what is for development.\n' +
  'Set KEYCLOAK_SERVER_URL to use your Keycloak (docs/settings.md), or get one along with the API: docker compose up --build';

export const isPort = (text: string): boolean => /^\d{1,5}$/.test(text) && Number(text) <= 65_535;

export interface DevProviderOptions {
  readonly realmFile: string;
  /** The first port to try, or with `exact` the only one. */
  readonly port: number;
  readonly exact?: boolean;
  /** Where the API of the guide listens: its URLs in the realm follow, and the port is left to it. */
  readonly apiPort?: number;
}

/**
 * Starts the embedded provider with keys and sessions that outlive it, on the port or the next one that is free.
 *
 * @throws {Error} in words for the person at the terminal
 */
export async function startDevProvider(options: DevProviderOptions): Promise<DevIdp> {
  const { realmFile, port, exact = false, apiPort } = options;
  if (realmFile === TESTING_REALM && !existsSync(realmFile)) throw new Error(NO_REALM);
  const { startDevIdp } = await import('@keycloak-guard/testing');
  const source = apiPort === undefined ? { realmFile } : { realm: await readRealm(realmFile, apiPort) };
  const last = exact ? port : Math.min(port + PORTS_TRIED, 65_535);
  for (let tried = port; ; tried += 1) {
    if (tried !== 0 && tried === apiPort) continue;
    try {
      const publicUrl = tried === 0 ? {} : { publicUrl: `http://localhost:${tried}` };
      const stateFile = stateFileOf(realmFile, tried);
      // Of whoever starts it, such as Playwright: no file is read for it.
      const controlToken = process.env.DEV_IDP_CONTROL_TOKEN;
      const control = controlToken === undefined ? {} : { controlToken };
      return await startDevIdp({
        ...source,
        port: tried,
        host: 'localhost',
        stateFile,
        ...publicUrl,
        ...control,
      });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
      if (tried >= last) throw new Error(`port ${port} is taken: choose another one with --port`);
    }
  }
}

async function readRealm(file: string, apiPort: number): Promise<RealmRepresentation> {
  const text = await readFile(file, 'utf8');
  return JSON.parse(
    text.replaceAll(/\b(localhost|127\.0\.0\.1):8000\b/g, `$1:${apiPort}`),
  ) as RealmRepresentation;
}

/** In the user's own cache folder: it holds private keys, so neither in the project nor in a shared folder. */
function stateFileOf(realmFile: string, port: number): string {
  const id = createHash('sha256').update(resolve(realmFile)).digest('hex').slice(0, 12);
  return join(cacheFolder(), 'dev-idp', `${id}-${port}.json`);
}

interface DevCredential {
  readonly clientId: string;
  readonly clientSecret?: string;
}

/** @throws {Error} in words for the person at the terminal */
export async function readDevRealm(file: string) {
  const { loadRealmFile } = await import('@keycloak-guard/testing');
  const [realm] = await loadRealmFile(file);
  if (realm === undefined) throw new Error(`${file} holds no realm`);
  const { clients = [], users = [] } = realm;
  const callers = clients.filter(({ directAccessGrantsEnabled }) => directAccessGrantsEnabled);
  return {
    hasCaller: callers.length > 0,
    /**
     * The client of this name, else the first one with a secret: an application may have another name at its own Keycloak.
     *
     * @throws {Error} where the file has neither
     */
    client(name: string | undefined): DevCredential {
      const chosen =
        clients.find(({ clientId }) => clientId === name) ??
        clients.find(({ secret, publicClient }) => secret && !publicClient);
      if (chosen === undefined)
        throw new Error(`${file} has no client with a secret: say in KEYCLOAK_CLIENT_ID which client it is`);
      return toCredential(chosen);
    },
    /**
     * The client of this name if people sign in to it with a password (`directAccessGrantsEnabled`), else the first that they do.
     *
     * @throws {Error} where the file has none
     */
    caller(name: string | undefined): DevCredential {
      const chosen = callers.find(({ clientId }) => clientId === name) ?? callers[0];
      if (chosen === undefined)
        throw new Error(
          `${file} has no client with "directAccessGrantsEnabled": true, to sign in with a password: add one for development, with the mappers of the client that people use`,
        );
      return toCredential(chosen);
    },
    /** @throws {Error} where the file has no such user, or none with a password in the file */
    user(name: string | undefined) {
      for (const { username, credentials = [] } of users) {
        const password = credentials.find(({ type, value }) => type === 'password' && value)?.value;
        if (password && (!name || username === name)) return { username, password };
      }
      throw new Error(`${file} has no user ${name ? `${name} ` : ''}with a password in the file`);
    },
  };
}

function toCredential({ clientId, secret, publicClient }: ClientRepresentation): DevCredential {
  return secret && !publicClient ? { clientId, clientSecret: secret } : { clientId };
}
