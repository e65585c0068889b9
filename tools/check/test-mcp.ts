// Sends MCP messages to both versions of the SDK with each version of zod that they allow: npm run test:mcp [-- 3.25 4.6]
//
// What the guard reads of a message must be what the SDK runs, and zod makes the SDK's objects: the lock file has one version
// of it, users have others. Each is installed in a folder of its own.
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TYPESCRIPT_ANYWHERE } from '../run/typescript.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** Version 2 of the SDK takes no zod before 4.2. */
const VERSIONS: Readonly<Record<string, readonly (1 | 2)[]>> = {
  '3.25': [1],
  '4.1': [1],
  '4.3': [1, 2],
  '4.6': [1, 2],
};

/** @returns the folder */
function install(zod: string): string {
  const folder = join(root, 'node_modules/.cache', `mcp-zod-${zod}`);
  mkdirSync(folder, { recursive: true });
  const [one, two] = [['@modelcontextprotocol/sdk@1'], ['server', 'node', 'client']] as const;
  const hasTwo = VERSIONS[zod]?.includes(2);
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: `mcp-zod-${zod}`, private: true }));
  const packages = [`zod@~${zod}.0`, ...one, ...two.map((name) => `@modelcontextprotocol/${name}@2`)];
  const flags = ['--no-audit', '--no-fund', ...(hasTwo ? [] : ['--legacy-peer-deps'])];
  run('npm', ['install', ...flags, ...packages], folder, {});
  return folder;
}

function run(command: string, args: readonly string[], cwd: string, env: object): void {
  const { status } = spawnSync(command, args, { cwd, stdio: 'inherit', env: { ...process.env, ...env } });
  if (status !== 0) throw new Error(`${command} ${args.slice(0, 2).join(' ')} failed`);
}

const asked = process.argv.slice(2);
const failed: string[] = [];
for (const zod of asked.length > 0 ? asked : Object.keys(VERSIONS)) {
  const MCP_FOLDER = install(zod);
  for (const sdk of VERSIONS[zod] ?? [1, 2]) {
    console.log(`\nzod ${zod}, SDK ${sdk}`);
    const hook = ['--import', new URL('mcp-version.mjs', import.meta.url).href];
    try {
      run(
        process.execPath,
        [...TYPESCRIPT_ANYWHERE, ...hook, '--test', 'test/one-reading/messages.test.ts'],
        root,
        {
          ...{ MCP_FOLDER, ONLY_SDK: String(sdk), GENERATED_MESSAGES: '2000', NODE_ENV: 'test' },
        },
      );
    } catch {
      failed.push(`zod ${zod}, SDK ${sdk}`);
    }
  }
}
if (failed.length > 0) throw new Error(`Another tool ran than was guarded: ${failed.join('; ')}`);
