// Runs keycloak-connect's own tests against @keycloak-guard/connect, and against the original: npm run test:connect
//
// Needs the built library (npm run build), Chromium, and a Keycloak: one that runs (KEYCLOAK_URL, with KEYCLOAK_ADMIN and
// KEYCLOAK_ADMIN_PASSWORD, default admin), or Java, to start one. Package and tests come from npm; nothing of them is kept in
// the repository.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { cacheFolder, startKeycloak } from '../run/keycloak/index.ts';
import { createAdmin } from './connect/admin.ts';
import { runSpec } from './connect/run-spec.ts';
import { fetchSuite, prepareSuite, REALMS, SPECS, VERSION } from './connect/suite.ts';
import type { TapResult } from './connect/tap.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const DROP_IN = join(root, 'packages/connect/dist/cjs/index.js');

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { only: { type: 'string' }, verbose: { type: 'boolean', default: false } },
  });
  if (!existsSync(DROP_IN)) throw new Error('npm run build comes first');
  const started = process.env.KEYCLOAK_URL === undefined ? await startKeycloak() : undefined;
  const url = started?.url ?? (process.env.KEYCLOAK_URL as string);
  try {
    const suite = fetchSuite(cacheFolder());
    const specs = SPECS.filter(
      (spec) => positionals.length === 0 || positionals.some((part) => spec.includes(part)),
    );
    const names = ['original', 'drop-in'].filter((name) => values.only === undefined || values.only === name);
    const results = new Map<string, TapResult[]>();
    for (const name of names) results.set(name, await runSuite(suite, name, url, specs, values.verbose));
    process.stdout.write(toTable(specs, results));
    return [...results.values()].flat().every(({ failed }) => failed.length === 0) ? 0 : 1;
  } finally {
    await started?.close();
  }
}

async function runSuite(
  suite: string,
  name: string,
  url: string,
  specs: readonly string[],
  isVerbose: boolean,
): Promise<TapResult[]> {
  const folder = prepareSuite(suite, name, url, name === 'drop-in' ? DROP_IN : undefined);
  const admin = await createAdmin(url);
  const realms = JSON.parse(readFileSync(join(folder, 'realms.json'), 'utf8')) as object[];
  const results: TapResult[] = [];
  try {
    for (const realm of REALMS) await admin.deleteRealm(realm);
    for (const realm of realms) await admin.createRealm(realm);
    for (const spec of specs) {
      const result = await runSpec(folder, spec);
      results.push(result);
      process.stderr.write(`${name} ${spec}: ${result.passed} of ${result.passed + result.failed.length}\n`);
      if (isVerbose || result.failed.length > 0) process.stderr.write(`${result.stderr}${result.failures}\n`);
    }
  } finally {
    for (const realm of REALMS) {
      await admin.deleteRealm(realm).catch((error: Error) => {
        process.stderr.write(`The realm ${realm} is left: ${error.message}\n`);
      });
    }
  }
  return results;
}

function toTable(specs: readonly string[], results: ReadonlyMap<string, readonly TapResult[]>): string {
  const names = [...results.keys()];
  const count = (some: readonly TapResult[]): string => {
    const passed = some.reduce((sum, one) => sum + one.passed, 0);
    const failed = some.reduce((sum, one) => sum + one.failed.length, 0);
    const skipped = some.reduce((sum, one) => sum + one.skipped, 0);
    return `${passed} / ${passed + failed}${skipped > 0 ? ` (${skipped} skipped)` : ''}`;
  };
  const rows = specs.map((spec, index) => [
    spec,
    ...names.map((name) => count([results.get(name)?.[index] as TapResult])),
  ]);
  rows.push(['together', ...names.map((name) => count(results.get(name) ?? []))]);
  const failed = names.flatMap((name) =>
    (results.get(name) ?? []).flatMap((result) => result.failed.map((title) => `${name}: ${title}`)),
  );
  return [
    `keycloak-connect ${VERSION}, its own tests`,
    ...[['file', ...names], ...rows].map((row) =>
      row
        .map((cell, column) => cell.padEnd(column === 0 ? 44 : 24))
        .join('')
        .trimEnd(),
    ),
    ...(failed.length > 0 ? ['', 'failed:', ...failed] : []),
    '',
  ].join('\n');
}

process.exitCode = await main();
