#!/usr/bin/env node
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ask, askOverwrite, Cancelled } from './ask.ts';
import { compose } from './compose.ts';
import { findArchives } from './manifest.ts';
import { completeChoice, readOptions, UsageError, usage } from './options.ts';
import { isEmpty, write } from './write.ts';

const TEMPLATES = fileURLToPath(new URL('templates', import.meta.url));

/** @returns the exit code */
async function main(args: readonly string[]): Promise<number> {
  const options = readOptions(args);
  if (options.shows !== undefined) {
    process.stdout.write(options.shows === 'help' ? usage : `${packageVersion()}\n`);
    return 0;
  }
  const isPerson = process.stdin.isTTY && process.stdout.isTTY && !options.yes;
  if (!isPerson && !options.yes)
    throw new UsageError(
      'there is no terminal to ask on: --yes takes what is usual, and options say the rest',
    );
  const version = packageVersion();
  const archives = options.packages === undefined ? undefined : findArchives(options.packages, version);
  const { folder = 'my-app', choice: said } = isPerson ? await ask(options) : options;
  const choice = completeChoice(said, folder);
  const files = compose(choice, {
    templates: TEMPLATES,
    own: archives?.own ?? (() => `^${version}`),
    random: (bytes) => randomBytes(bytes).toString('hex'),
  });
  const place = isHere(folder) ? 'this folder' : folder;
  if (!isEmpty(folder) && !options.overwrite && !(isPerson && (await askOverwrite(place)))) {
    process.stderr.write(`${place} is not empty, and nothing was made: --overwrite replaces files there.\n`);
    return 1;
  }
  write(folder, new Map<string, string | Uint8Array>([...files, ...(archives?.files() ?? [])]));
  process.stdout.write(toNextSteps(folder, choice.name));
  return 0;
}

const isHere = (folder: string): boolean => resolve(folder) === process.cwd();

function toNextSteps(folder: string, name: string): string {
  const word = /^[\w./-]+$/.test(folder) ? folder : `'${folder.replaceAll("'", "'\\''")}'`;
  const steps = [...(isHere(folder) ? [] : [`cd ${word}`]), 'npm install', 'npm run dev'];
  return `\nMade ${isHere(folder) ? `${name} here` : folder}. Next:\n\n${steps.map((step) => `  ${step}\n`).join('')}\nnpm test runs its tests. README.md says the rest.\n`;
}

function packageVersion(): string {
  const file = new URL('../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}

await main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    process.exitCode = error instanceof UsageError ? 2 : 1;
    if (error instanceof Cancelled) return;
    const words = error instanceof Error ? error.message : String(error);
    process.stderr.write(`create-keycloak-guard: ${words}\n`);
  },
);
