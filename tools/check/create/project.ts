import { appendFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Choice } from '../../../packages/create/src/options.ts';
import { freePort } from '../../../test/support/free-port.ts';
import { inheritedEnv, type Place, run } from './program.ts';

/** A template that was written. */
export interface Project extends Place {
  readonly choice: Choice;
  /** Address of the app. */
  readonly url: string;
  /** Address of the page of a single-page app. */
  readonly pageUrl: string;
  readonly scripts: Readonly<Record<string, string>>;
}

/** What may stay from the template before, of the same framework. */
const KEPT = ['node_modules', 'package-lock.json'];

/** Writes a template as a person would, from the archives; and gives it ports that nobody else here has. */
export async function writeProject(
  choice: Choice,
  folder: string,
  create: string,
  packages: string,
): Promise<Project> {
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(folder))
    if (!KEPT.includes(name)) rmSync(join(folder, name), { recursive: true });
  const port = String(await freePort());
  const pagePort = String(await freePort());
  const cache = join(folder, '..', 'cache');
  const env = {
    ...inheritedEnv(),
    ...{ XDG_CACHE_HOME: cache, PORT: port, CI: '1', NEXT_TELEMETRY_DISABLED: '1' },
  };
  const { framework, login, language } = choice;
  const args = ['--yes', '--overwrite', '--framework', framework, '--packages', packages];
  if (login === 'browser') args.push('--login', 'browser');
  // Half of them as they are, half with what `--deploy` adds.
  args.push(...(language === 'js' ? ['--js'] : ['--deploy', 'kubernetes']));
  await run({ folder, env }, process.execPath, create, folder, ...args);
  for (const file of ownFiles(folder)) {
    const text = readFileSync(file, 'utf8');
    writeFileSync(
      file,
      text.replace(/3000|5173/g, (one) => (one === '3000' ? port : pagePort)),
    );
  }
  const { scripts } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const [url, pageUrl] = [`http://localhost:${port}`, `http://localhost:${pagePort}`];
  return { choice, folder, env, url, pageUrl, scripts };
}

function ownFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return [...KEPT, 'vendor'].includes(entry.name) ? [] : ownFiles(path);
    return KEPT.includes(entry.name) ? [] : [path];
  });
}

/** What `keycloak-guard setup` adds to `.env`. */
export function addKeycloak(folder: string, serverUrl: string): void {
  const { clients } = readRealm(folder);
  appendFileSync(
    join(folder, '.env'),
    `KEYCLOAK_SERVER_URL=${serverUrl}\nKEYCLOAK_CLIENT_SECRET=${clients[0]?.secret}\n`,
  );
}

interface RealmFile {
  readonly clients: readonly { readonly clientId: string; readonly secret: string }[];
  readonly users: readonly {
    readonly username: string;
    readonly credentials: readonly { value: string }[];
  }[];
}

export const readRealm = (folder: string): RealmFile =>
  JSON.parse(readFileSync(join(folder, 'realm.json'), 'utf8'));
