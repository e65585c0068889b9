import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Loaded {
  readonly files: readonly string[];
  readonly bytes: number;
  /** By the folder below the last `node_modules`, or below `packages` in this repository. */
  readonly packages: readonly string[];
}

/** What Node.js loads for a program in the folder `cwd`: V8 keeps the list, for ES modules and CommonJS alike. */
export function loadedFiles(program: string, cwd: string): Loaded {
  const coverage = mkdtempSync(join(tmpdir(), 'loaded-'));
  try {
    execFileSync(process.execPath, ['--input-type=module', '--eval', program], {
      cwd,
      env: { PATH: process.env.PATH, NODE_V8_COVERAGE: coverage },
    });
    const urls = readdirSync(coverage).flatMap((file) =>
      (JSON.parse(readFileSync(join(coverage, file), 'utf8')) as { result: { url: string }[] }).result.map(
        ({ url }) => url,
      ),
    );
    const files = urls
      .filter((url) => url.startsWith('file:') && !url.includes('[eval'))
      .map((url) => fileURLToPath(url));
    return {
      files,
      bytes: files.reduce((sum, file) => sum + statSync(file).size, 0),
      packages: [...new Set(files.map(packageOf))].sort(),
    };
  } finally {
    rmSync(coverage, { recursive: true });
  }
}

function packageOf(file: string): string {
  const parts = file.split(sep);
  const at = Math.max(parts.lastIndexOf('node_modules'), parts.lastIndexOf('packages')) + 1;
  return parts.slice(at, parts[at]?.startsWith('@') ? at + 2 : at + 1).join('/');
}
