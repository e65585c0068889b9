import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DevIdp, RealmRepresentation } from '../dev-idp/index.ts';

/** The realm of the guide, shipped with the package. */
export const TESTING_REALM = fileURLToPath(new URL('../../keycloak/testing-realm.json', import.meta.url));

const PORTS_TRIED = 100;

/** Whether the text is the number of a port; 0 takes a free one. */
export const isPort = (text: string): boolean => /^\d{1,5}$/.test(text) && Number(text) <= 65_535;

export interface DevProviderOptions {
  readonly realmFile: string;
  /** The first port to try, or with `exact` the only one. */
  readonly port: number;
  readonly exact?: boolean;
  /** Where the API of the guide listens, if not on 8000: its URLs in the realm follow. */
  readonly apiPort?: number;
}

/**
 * Starts the embedded provider with keys and sessions that outlive it, on the port or the next one that is free.
 *
 * @throws {Error} in words for the person at the terminal
 */
export async function startDevProvider(options: DevProviderOptions): Promise<DevIdp> {
  const { realmFile, port, exact = false } = options;
  const { startDevIdp } = await import('../dev-idp/index.ts');
  const realm = await readRealm(realmFile, options.apiPort);
  const last = exact || port === 0 ? port : Math.min(port + PORTS_TRIED, 65_535);
  for (let tried = port; ; tried += 1) {
    try {
      const publicUrl = tried === 0 ? {} : { publicUrl: `http://localhost:${tried}` };
      const stateFile = stateFileOf(realmFile, tried);
      return await startDevIdp({ realm, port: tried, host: 'localhost', stateFile, ...publicUrl });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
      if (tried >= last) throw new Error(`port ${port} is taken: choose another one with --port`);
    }
  }
}

async function readRealm(file: string, apiPort = 8000): Promise<RealmRepresentation> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new Error(`the realm file ${file} cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
  try {
    return JSON.parse(
      text.replaceAll(/\b(localhost|127\.0\.0\.1):8000\b/g, `$1:${apiPort}`),
    ) as RealmRepresentation;
  } catch (error) {
    throw new Error(`the realm file ${file} is no JSON: ${(error as Error).message}`);
  }
}

/** In the user's own cache folder: it holds private keys, so neither in the project nor in a shared folder. */
function stateFileOf(realmFile: string, port: number): string {
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  const id = createHash('sha256').update(resolve(realmFile)).digest('hex').slice(0, 12);
  return join(cache, 'keycloak-guard', 'dev-idp', `${id}-${port}.json`);
}
