#!/usr/bin/env node
import { constants, readFileSync } from 'node:fs';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import {
  connectAdmin,
  createOutput,
  type Flags,
  type Output,
  parseOptions,
  readProject,
  table,
  toHelp,
  toPlainJson,
  UsageError,
} from '@keycloak-guard/cli/unstable';
import { isServerUrl, mendServerUrl } from 'keycloak-guard/unstable';
import { type Analysis, analyse } from './analyse.ts';
import { type CallersReport, findCallers } from './callers.ts';
import { applyEdits } from './imports.ts';
import { findArchives, rewriteManifest, specsOf } from './manifests.ts';
import { blockedOf, toMarkdown } from './report.ts';

const OPTIONS = table(`
--write <folder> | | change the imports and package.json to the drop-in, whose archives are in this folder
--json | | print the result as JSON
--url <url> | | ask this Keycloak, too: would the check of the audience lock out any client or user?
--realm <name> | | its realm
--client-id <id> | | the client of this API
--admin-user <name> | | admin who may see clients and users; the password is read from KEYCLOAK_ADMIN_PASSWORD
`);

const USAGE = `migrate: from keycloak-connect or nest-keycloak-connect, step by step

Usage: npx @keycloak-guard/connect migrate [folder] [options]

  (nothing)                 say as Markdown what must be changed by hand, and what will be different; write nothing
${toHelp(OPTIONS)}

Exit code: 0 nothing to change by hand, 1 something to change by hand or a file that cannot be read, 2 wrong usage.
`;

type MigrateFlags = Flags<typeof OPTIONS>;

async function run(args: string[]): Promise<number> {
  const err = createOutput(process.stderr, process.env);
  const { flags, positionals } = parseOptions(args, OPTIONS);
  if (positionals.length > 1) throw new UsageError([`one folder, not ${positionals.length}`]);
  const folder = resolve(positionals[0] ?? '.');
  const stats = await stat(folder).catch(() => undefined);
  if (!stats?.isDirectory()) throw new UsageError([`${folder} is not a folder`]);

  const project = await readProject(folder, (file) => err.progress(`reading ${file}`));
  err.progress('');
  const analysis = analyse(project);
  const archives =
    flags.write !== undefined && analysis.packages.length > 0
      ? findArchives(flags.write, packageVersion())
      : undefined;
  let callers: CallersReport | undefined;
  if (flags.url !== undefined) {
    try {
      callers = await askKeycloak(flags, err);
    } catch (error) {
      err.line(`migrate: ${(error as Error).message}`);
      return 2;
    }
  }

  const report =
    flags.json === true
      ? `${toPlainJson(JSON.stringify({ ...analysis, callers }, null, 2))}\n`
      : toMarkdown(analysis, callers, archives !== undefined);
  process.stdout.write(report);
  if (archives !== undefined) await write(folder, analysis, archives, project.manifests.keys(), err);
  return blockedOf(analysis.findings).length + analysis.unread.length > 0 ? 1 : 0;
}

async function askKeycloak(flags: MigrateFlags, err: Output): Promise<CallersReport> {
  const { url, realm, 'client-id': clientId, 'admin-user': username } = flags;
  const password = process.env.KEYCLOAK_ADMIN_PASSWORD;
  if (
    url === undefined ||
    realm === undefined ||
    clientId === undefined ||
    username === undefined ||
    password === undefined
  )
    throw new Error(
      'asking Keycloak needs --url, --realm, --client-id, --admin-user and KEYCLOAK_ADMIN_PASSWORD',
    );
  // The URL is printed, and goes into a report, so it must not contain a password.
  if (!isServerUrl(url))
    throw new Error(
      `--url must be an http or https URL without /realms/…, query or credentials, for example ${mendServerUrl(url) ?? 'http://localhost:8080'}`,
    );
  err.progress(`asking ${url}`);
  const connection = await connectAdmin({
    serverUrl: url,
    credentials: { realm: 'master', username, password },
  });
  try {
    return await findCallers(connection, { serverUrl: url, realm, clientId }, (client) =>
      err.progress(`a token of ${client}`),
    );
  } finally {
    err.progress('');
  }
}

async function write(
  folder: string,
  { edits }: Analysis,
  archives: ReadonlyMap<string, string>,
  manifests: Iterable<string>,
  err: Output,
): Promise<void> {
  const files = new Set(edits.map(({ file }) => file));
  for (const file of files) {
    const path = join(folder, file);
    const text = await readFile(path, 'utf8');
    await replace(
      path,
      applyEdits(
        text,
        edits.filter((edit) => edit.file === file),
      ),
    );
    err.line(`changed ${file}`);
  }
  for (const file of manifests) {
    const path = join(folder, file);
    const changed = rewriteManifest(await readFile(path, 'utf8'), specsOf(archives, folder, file));
    if (changed === undefined) continue;
    await replace(path, changed);
    err.line(`changed ${file}`);
  }
}

/** Writes a file in a folder of others, whose links may lead anywhere. @throws {UsageError} if the file is a link */
async function replace(path: string, text: string): Promise<void> {
  const { O_WRONLY, O_CREAT, O_TRUNC, O_NOFOLLOW = 0 } = constants;
  try {
    await writeFile(path, text, { flag: O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ELOOP') throw error;
    throw new UsageError([`${path} is a link, and is not written through`]);
  }
}

function packageVersion(): string {
  // From src/ and from dist/.
  const file = new URL('../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}

/** Exit codes: 0 nothing to do by hand, 1 something to do, 2 wrong usage. */
async function main([name, ...args]: string[]): Promise<number> {
  const err = createOutput(process.stderr, process.env);
  if (name === '--version' || name === '-v') {
    process.stdout.write(`${packageVersion()}\n`);
    return 0;
  }
  if (name !== 'migrate' || args.includes('--help') || args.includes('-h')) {
    const isHelp = ['migrate', 'help', '--help', '-h'].includes(name ?? '');
    (isHelp ? process.stdout : process.stderr).write(USAGE);
    return isHelp ? 0 : 2;
  }
  try {
    return await run(args);
  } catch (error) {
    const isUsage = error instanceof UsageError;
    err.line(`migrate: ${(error as Error).message}${isUsage ? `\n\n${USAGE.trimEnd()}` : ''}`);
    return isUsage ? 2 : 1;
  }
}

// `migrate | head`: a reader that stops does not end the command half-way.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

process.exitCode = await main(process.argv.slice(2));
