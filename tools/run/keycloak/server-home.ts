import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Distribution } from './distribution.ts';

/**
 * Makes a Keycloak home of its own for one run, so that several can run at once and none sees the data of another.
 * What is large is linked; what a run writes to is copied:
 *
 * - `lib/quarkus`: the result of Keycloak's build step, written anew when a build option changes
 * - `data/h2`: the database
 *
 * @param template folder with `quarkus/` and `h2/` to begin with: saves the build step and the creation of the database
 */
export function createServerHome(distribution: Distribution, template?: string): string {
  const from = distribution.home;
  const home = mkdtempSync(join(tmpdir(), 'keycloak-'));
  // kc.sh finds its home from its own place, and follows links to get there: it has to be a copy.
  mkdirSync(join(home, 'bin'));
  copyFileSync(join(from, 'bin', 'kc.sh'), join(home, 'bin', 'kc.sh'));
  for (const folder of ['client', '../conf', '../providers', '../themes', '../lib/lib', '../lib/app']) {
    link(join(from, 'bin', folder), join(home, 'bin', folder));
  }
  copyFileSync(join(from, 'lib', 'quarkus-run.jar'), join(home, 'lib', 'quarkus-run.jar'));
  copyFileSync(join(from, 'version.txt'), join(home, 'version.txt'));
  const quarkus = template === undefined ? join(from, 'lib', 'quarkus') : join(template, 'quarkus');
  cpSync(quarkus, join(home, 'lib', 'quarkus'), { recursive: true, preserveTimestamps: true });
  mkdirSync(join(home, 'data', 'import'), { recursive: true });
  if (template !== undefined) cpSync(join(template, 'h2'), join(home, 'data', 'h2'), { recursive: true });
  return home;
}

function link(target: string, path: string): void {
  if (!existsSync(target)) return;
  mkdirSync(join(path, '..'), { recursive: true });
  symlinkSync(target, path);
}
