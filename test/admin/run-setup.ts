import type { TestContext } from 'node:test';
import { reportEarlyEnd } from '../../packages/cli/src/commands/run-as-admin.ts';
import { KINDS } from '../../packages/cli/src/commands/setup.ts';
import { startFakeKeycloak } from './fake-keycloak.ts';

/** The admin of every Keycloak in memory. */
export const ADMIN = { KEYCLOAK_ADMIN_USER: 'admin', KEYCLOAK_ADMIN_PASSWORD: 'admin' };

/** An output without colours, the lines that were written to it, and what it said that goes on. */
export function createLines() {
  const [lines, goesOn] = [[] as string[], [] as string[]];
  const line = (text = '') => void lines.push(text);
  const progress = (text: string) => void goesOn.push(text);
  return { lines, goesOn, out: { paint: (_: unknown, text: string) => text, line, progress } };
}

/** What `setup` does, in this process: its exit code, and all that it says. */
export async function runSetup(kind: string, args: readonly string[], more: Record<string, string> = {}) {
  const { lines, out } = createLines();
  const run = KINDS[kind]?.run([...args], { environment: { ...ADMIN, ...more }, out });
  const code = await run?.catch((error) => reportEarlyEnd('setup', error, out) ?? Promise.reject(error));
  return { code, text: lines.map((line) => `${line}\n`).join('') };
}

/** A Keycloak in memory, and `setup` on it as its admin. */
export async function startSetup(
  t: TestContext,
  { always = ['--no-env'] as readonly string[], more = {} } = {},
) {
  const keycloak = await startFakeKeycloak();
  t.after(() => keycloak.close());
  /** @returns the exit code, and what this run said */
  async function setUp(kind: string, ...args: string[]) {
    const { lines, goesOn, out } = createLines();
    const environment = { ...ADMIN, ...more };
    const all = [...args, '--url', keycloak.url, '--yes', ...always];
    const code = await KINDS[kind]?.run(all, { environment, out });
    return { code, lines, goesOn, text: lines.join('\n') };
  }
  return { keycloak, setUp };
}
