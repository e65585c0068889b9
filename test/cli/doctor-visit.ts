import assert from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CheckResult, runChecks } from '../../packages/cli/src/doctor/check.ts';
import { CHECKS, TOKEN_CHECKS } from '../../packages/cli/src/doctor/checks/index.ts';
import { createContext } from '../../packages/cli/src/doctor/context.ts';
import { readDoctorOptions } from '../../packages/cli/src/doctor/options.ts';

/** What the doctor is told. */
export interface VisitOptions {
  readonly settings: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
  readonly token?: string;
}

/** Runs the doctor in this process, with settings from a file of its own. */
export async function visitDoctor({ settings, env = {}, args = [], token }: VisitOptions) {
  const file = join(mkdtempSync(join(tmpdir(), 'doctor-')), '.env');
  const lines = Object.entries(settings).map(([name, value]) => `${name}='${value}'\n`);
  writeFileSync(file, lines.join(''), { mode: 0o600 });
  const options = await readDoctorOptions(['--env', file, ...args], { ...env });
  const results = await runChecks(
    token === undefined ? CHECKS : TOKEN_CHECKS,
    createContext({ ...options, token }),
  );
  // The line above the cause says it already.
  for (const { id, seen, cause } of troubles(results))
    assert.ok(seen.length < 12 || !cause.includes(seen), `${id} says twice: ${seen}`);
  return results;
}

/** Settings for the guide's realm at an address. */
export function settingsFor(url: string): Record<string, string> {
  return {
    KEYCLOAK_SERVER_URL: url,
    KEYCLOAK_REALM: 'testing',
    KEYCLOAK_CLIENT_ID: 'fastapi-keycloak',
    KEYCLOAK_CLIENT_SECRET: 'for-development-only',
    KEYCLOAK_TIMEOUT_MS: '1000',
  };
}

/** Everything that is not well. */
export function troubles(results: readonly CheckResult[]): CheckResult[] {
  return results.filter(({ status }) => status === 'fail' || status === 'warn');
}

/** The first trouble; throws where there is none. */
export function firstTrouble(results: readonly CheckResult[]): CheckResult {
  const first = troubles(results)[0];
  if (first === undefined) throw new Error('the doctor found nothing');
  return first;
}
