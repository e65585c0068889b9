import { closeSync, constants, fstatSync, lstatSync, openSync, readFileSync, realpathSync } from 'node:fs';
import { isIP } from 'node:net';
import { dirname, relative, resolve, sep } from 'node:path';

/** Whether a host is this machine, by its name alone: `localhost` and the names below it, `127.0.0.0/8`, `::1`. */
export function isThisMachine(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '').toLowerCase();
  return /(^|\.)localhost$/.test(host) || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

/**
 * Whether a path that a file of settings names leads to something that is not of its folder: elsewhere on the disk, also by a link, or
 * into `.git`, where the person's own credentials can be. The author of a cloned folder would choose which file is sent.
 */
export function isOutside(settingsFile: string, path: string): boolean {
  const folder = realpathSync(dirname(resolve(settingsFile)));
  let target = resolve(path);
  try {
    target = realpathSync(target);
  } catch {
    // It may come to be there later; until then a link leads wherever its author chose.
    if (lstatSync(target, { throwIfNoEntry: false })?.isSymbolicLink()) return true;
    target = resolve(folder, relative(dirname(resolve(settingsFile)), target));
  }
  const [first = ''] = relative(folder, target).split(sep);
  return first === '..' || first === '.git' || resolve(first) === first;
}

/** Longer files hold no settings. Unit: bytes. */
const LONGEST_FILE = 1024 * 1024;

/**
 * Reads a file that nobody named. A pipe might never begin, a device never end: the author of a folder can make a link to one.
 *
 * @param longest unit: bytes
 * @throws {Error} whose `code` completes "cannot be read (…)"
 */
export function readFolderFile(
  path: string,
  encoding: BufferEncoding = 'utf8',
  longest = LONGEST_FILE,
): string {
  // On Windows there is no such flag, and there are no pipes in folders.
  const file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const kind = fstatSync(file);
    const refuse = (code: string): never => {
      throw Object.assign(new Error(`${path}: ${code}`), { code });
    };
    if (!kind.isFile() && !kind.isDirectory()) refuse('it is a pipe or a device');
    if (kind.size > longest) refuse(`it has more than ${longest / 1024 / 1024} MiB`);
    return readFileSync(file, encoding);
  } finally {
    closeSync(file);
  }
}

/** A setting of the service, and whether it stands in a file of the folder. */
interface Source {
  readonly value: string;
  readonly isOfFolder: boolean;
}

/**
 * Refuses to send a credential to where a file says that nobody named, unless that is this machine: the credential is of the
 * environment, or in a file elsewhere on the disk, and so not the folder's own.
 *
 * @param file the file of settings that was in the folder
 * @param names settings that hold credentials, or the paths of files that do
 * @returns what to say; `undefined` where nothing is wrong
 */
export function findMisdirected(
  file: { readonly name: string; readonly path: string },
  names: readonly string[],
  find: (name: string) => Source | '' | undefined,
): string | undefined {
  const chosen = ['KEYCLOAK_SERVER_URL', 'KEYCLOAK_REALM', 'KEYCLOAK_CLIENT_ID'].filter(
    (name) => (find(name) || undefined)?.isOfFolder,
  );
  const address = find('KEYCLOAK_SERVER_URL') || undefined;
  const isHere = address?.isOfFolder === true && isLocal(address.value);
  if (chosen.length === 0) return undefined;
  for (const name of names) {
    const there = find(name);
    if (!there) continue;
    const isPath = name.endsWith('_FILE');
    // A file elsewhere is not for whatever listens on this machine either.
    if (there.isOfFolder ? !(isPath && isOutside(file.path, there.value)) : isHere) continue;
    const from = there.isOfFolder ? 'a file outside of the folder' : 'the environment';
    return toRefusal(`${name} is from ${from}`, chosen, file);
  }
  return undefined;
}

/**
 * A folder may say which client of which realm it is (where the environment does not: so it chooses whose tokens are good, of this one
 * Keycloak), the port and how much is logged. Every other setting can open the service of somebody else.
 */
const OF_EVERY_FOLDER = /^KEYCLOAK_(REALM|CLIENT_.+|CONFIG_FILE)$|^PORT$|^LOG_LEVEL$/;

/**
 * Refuses to run a service for the environment's Keycloak as a file says that nobody named: its author could choose who listens, whose
 * pages may call, which tokens are good, and a secret that they know. A Redis of this machine is for whoever runs it, and so is a Keycloak.
 *
 * @param names of all settings
 * @returns what to say; `undefined` where nothing is wrong
 */
export function findForeignSettings(
  file: { readonly name: string },
  names: readonly string[],
  find: (name: string) => Source | '' | undefined,
): string | undefined {
  const address = find('KEYCLOAK_SERVER_URL') || undefined;
  if (address === undefined || address.isOfFolder || isLocal(address.value)) return undefined;
  const chosen = names.filter((name) => {
    const there = find(name) || undefined;
    if (!there?.isOfFolder || OF_EVERY_FOLDER.test(name)) return false;
    return !(name === 'REDIS_URL' && isLocal(there.value));
  });
  if (chosen.length === 0) return undefined;
  return toRefusal("Keycloak's address is from the environment or a file that it names", chosen, file);
}

function toRefusal(
  what: string,
  chosen: readonly string[],
  { name: file }: { readonly name: string },
): string {
  const names = chosen.join(', ');
  return `${what}, and ${names} from ${file}, a file that you did not name. Nothing was sent.
If that is right, name the file: keycloak-guard serve --env ${file}. In a container or a unit, set ${names} in the environment.`;
}

const isLocal = (url: string): boolean => URL.canParse(url) && isThisMachine(new URL(url).hostname);
