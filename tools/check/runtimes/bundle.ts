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
    platform: 'node',
    external: /^(node|cloudflare):/,
    logLevel: 'warn',
  });
  await made.write({ file, format: 'esm', codeSplitting: false });
  await made.close();
  return file;
}
