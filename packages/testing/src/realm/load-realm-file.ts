import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RealmRepresentation } from './representation.ts';

/** A file of `kc.sh export --dir`: the realm, or some of its users. */
const PART = /^(.+)-(realm|users-\d+)\.json$/;

/**
 * Reads what `startDevIdp({ realmFile })` reads, to change it first: one realm or several; or the folder of
 * `kc.sh export --dir`, with all its realms. The users of such an export stand in files beside the realm's.
 *
 * @throws {Error} (rejects with one) if the file cannot be read or is not JSON, with a message for its author
 * @example
 * const realms = await loadRealmFile('realm.json');
 * const idp = await startDevIdp({ realm: realms.map((realm) => ({ ...realm, accessTokenLifespan: 5 })) });
 */
export async function loadRealmFile(file: string | URL): Promise<RealmRepresentation[]> {
  const path = file instanceof URL ? fileURLToPath(file) : file;
  const info = await stat(path).catch((error: unknown) => refuse(path, error));
  if (info.isDirectory()) return loadFolder(path);
  const [, name, part] = PART.exec(basename(path)) ?? [];
  const realms = await readJson(path);
  const [read] = realms;
  const isAlone = realms.length === 1;
  if (part?.startsWith('users') && isAlone && read?.realm === name)
    throw new Error(
      `the realm file ${path} has users alone: give ${name}-realm.json beside it, or the folder of both`,
    );
  if (part !== 'realm' || !isAlone || read?.users !== undefined) return realms;
  return [await withUsers(read, dirname(path), await readdir(dirname(path)))];
}

async function loadFolder(folder: string): Promise<RealmRepresentation[]> {
  const files = (await readdir(folder)).sort();
  const realms = files.filter((file) => PART.exec(file)?.[2] === 'realm');
  if (realms.length === 0)
    throw new Error(`the folder ${folder} has no file <realm>-realm.json, as kc.sh export --dir writes it`);
  const read = await Promise.all(
    realms.map(async (file) => withUsers((await readJson(join(folder, file)))[0], folder, files)),
  );
  // Keycloak's own realm is in each such folder, and is not what an application uses.
  return read.sort((a, b) => Number(a.realm === 'master') - Number(b.realm === 'master'));
}

async function withUsers(
  realm: RealmRepresentation | undefined,
  folder: string,
  files: readonly string[],
): Promise<RealmRepresentation> {
  if (realm === undefined) throw new Error(`a realm file of the folder ${folder} has no realm`);
  const own = files.filter((file) => {
    const [, name, part] = PART.exec(file) ?? [];
    return name === realm.realm && part?.startsWith('users');
  });
  const parts = await Promise.all(own.map((file) => readJson(join(folder, file))));
  const users = parts.flat().flatMap((part) => part.users ?? []);
  return users.length === 0 ? realm : { ...realm, users: [...(realm.users ?? []), ...users] };
}

async function readJson(path: string): Promise<RealmRepresentation[]> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => refuse(path, error));
  try {
    return [JSON.parse(text.replace(/^\uFEFF/, '')) as RealmRepresentation | RealmRepresentation[]].flat();
  } catch (error) {
    throw new Error(`the realm file ${path} is no JSON: ${(error as Error).message}`, { cause: error });
  }
}

function refuse(path: string, error: unknown): never {
  const { code } = error as NodeJS.ErrnoException;
  throw new Error(`the realm file ${path} cannot be read (${code})`, { cause: error });
}
