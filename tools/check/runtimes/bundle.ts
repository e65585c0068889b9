import { join } from 'node:path';
import { rolldown } from 'rolldown';

/**
 * One file of the test app for a runtime, made of what is shipped.
 *
 * @returns its path
 */
export async function bundle(root: string, entry: string, folder: string): Promise<string> {
  const file = join(folder, `app-${entry}.mjs`);
  const made = await rolldown({
    input: join(root, `test/runtimes/serve-${entry}.ts`),
    // workerd has no `import.meta.url`, by which `require` is made on Node.js.
    platform: entry === 'workerd' ? 'neutral' : 'node',
    // Packages have files for a runtime: what a user's bundler takes for it.
    resolve: {
      conditionNames: [entry, 'import', 'module', 'default'],
      mainFields: ['module', 'main'],
    },
    external: /^(node|cloudflare):/,
    logLevel: 'warn',
  });
  await made.write({ file, format: 'esm', codeSplitting: false });
  await made.close();
  return file;
}
