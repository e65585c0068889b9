import { lstat, mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { replacePrivateFile } from '../settings/private-file.ts';

export const DEV_CLIENT = { clientId: 'fastapi-keycloak', clientSecret: 'for-development-only' };

/** The user of that realm. Everybody knows the password: the provider listens on this machine alone. */
export const DEV_USER = { username: 'abdullah', password: 'Test#123456' };

const CONFIGURED = [
  'KEYCLOAK_SERVER_URL',
  'KEYCLOAK_CONFIG_FILE',
  'KEYCLOAK_REALM',
  'KEYCLOAK_CLIENT_ID',
  'KEYCLOAK_CLIENT_SECRET',
];

/** Where one of these is set, there is a Keycloak to use, and no other provider ever is. */
export const isConfigured = (setting: (name: string) => unknown): boolean =>
  CONFIGURED.some((name) => Boolean(setting(name)));

export interface RunningProvider {
  readonly url: string;
  readonly realm: string;
  /** The whole path of the file that `keycloak-guard dev` was given; without one, it has the realm of the package. */
  readonly realmFile?: string | undefined;
}

export function cacheFolder(): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'keycloak-guard');
}

/**
 * Lets other commands find the provider of this process. Each process has a note of its own: with two of them, each stays known
 * until it ends. Returns a function that ends that; it never rejects.
 */
export async function announceProvider(provider: RunningProvider): Promise<() => Promise<void>> {
  const { url, realm, realmFile } = provider;
  const file = join(notesFolder(), `${process.pid}.json`);
  try {
    await mkdir(notesFolder(), { recursive: true, mode: 0o700 });
    // Processes that were killed left theirs.
    for (const { pid } of await readNotes())
      if (!isRunning(pid)) await rm(join(notesFolder(), `${pid}.json`), { force: true });
    await replacePrivateFile(file, JSON.stringify({ url, realm, realmFile, pid: process.pid }));
  } catch {
    // A folder that cannot be written to does not keep the provider from starting.
  }
  return () => rm(file, { force: true }).catch(() => {});
}

/** The providers that run, the one that was started last first. */
export async function findRunningProviders(): Promise<RunningProvider[]> {
  const notes = (await readNotes()).filter(({ pid }) => isRunning(pid));
  return notes
    .sort((one, other) => other.startedAt - one.startedAt)
    .map(({ url, realm, realmFile }) => ({ url, realm, realmFile }));
}

/** Those for a command without settings: with the realm of the package. */
export const findProvidersWithout = async (setting: (name: string) => unknown): Promise<RunningProvider[]> =>
  isConfigured(setting) ? [] : (await findRunningProviders()).filter((one) => one.realmFile === undefined);

const notesFolder = (): string => join(cacheFolder(), 'running');

interface Note extends RunningProvider {
  readonly pid: number;
  /** Unit: milliseconds since 1970. */
  readonly startedAt: number;
}

async function readNotes(): Promise<Note[]> {
  const names = await readdir(notesFolder()).catch(() => []);
  return (await Promise.all(names.filter((name) => name.endsWith('.json')).map(readNote))).flat();
}

/** The note, or nothing where it is not to be believed. */
async function readNote(name: string): Promise<Note[]> {
  const file = join(notesFolder(), name);
  try {
    if (!(await isPrivate(file))) return [];
    const { url, realm, realmFile, pid } = JSON.parse(await readFile(file, 'utf8')) as Record<
      string,
      unknown
    >;
    // Never a password to another machine, whoever wrote the file.
    const isOurs = /^http:\/\/localhost:\d+$/.test(String(url)) && typeof realm === 'string';
    // 0 and less mean groups of processes: one of them always runs.
    const isPid = Number.isInteger(pid) && Number(pid) > 0;
    if (!isOurs || !isPid) return [];
    const { mtimeMs: startedAt } = await lstat(file);
    const from = typeof realmFile === 'string' ? realmFile : undefined;
    return [{ url: String(url), realm, realmFile: from, pid: Number(pid), startedAt }];
  } catch {
    return [];
  }
}

/**
 * Whether nobody else can have written the file. On Windows the folder is the user's own, and there is no owner to ask for.
 */
async function isPrivate(file: string): Promise<boolean> {
  const info = await lstat(file);
  const isMine = process.getuid === undefined || (info.uid === process.getuid() && !(info.mode & 0o022));
  return info.isFile() && isMine;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // It belongs to somebody else.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
