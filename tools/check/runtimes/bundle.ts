import { join } from 'node:path';
import { build } from 'esbuild';

/**
 * One file of the test app for a runtime, made of what is shipped, by what wrangler and many others bundle with.
 *
 * @returns its path
 */
export async function bundle(root: string, entry: string, folder: string): Promise<string> {
  const file = join(folder, `app-${entry}.mjs`);
  await build({
    entryPoints: [join(root, `test/runtimes/serve-${entry}.ts`)],
    outfile: file,
    bundle: true,
    format: 'esm',
    // workerd has no `import.meta.url`, by which `require` is made on Node.js.
    platform: entry === 'workerd' ? 'neutral' : 'node',
    // Packages have files for a runtime: what a user's bundler takes for it.
    conditions: [entry, 'import', 'module'],
    mainFields: ['module', 'main'],
    external: ['node:*', 'cloudflare:*'],
    logLevel: 'error',
  });
  return file;
}
