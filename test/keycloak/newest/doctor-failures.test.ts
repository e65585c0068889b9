import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { CheckResult } from '../../../packages/cli/src/doctor/check.ts';
import {
  CLIENT_FAILURES,
  type Failure,
  REALM_FAILURES,
  TOKEN_FAILURES,
  USER_FAILURES,
} from '../support/failures.ts';
import { withKeyFile } from '../support/key-file.ts';
import { createLab, type Lab } from '../support/lab.ts';
import { MORE_FAILURES } from '../support/more-failures.ts';
import { PROXY_FAILURES } from '../support/proxy-failures.ts';
import { RARE_FAILURES } from '../support/rare-failures.ts';

const REALM = 'doctor-lab';

describe('the doctor, where a working set-up is broken', () => {
  let lab: Lab;
  const table: string[] = [];
  const count = { tried: 0, exact: 0, vague: 0, missed: 0, 'false alarms': 0 };

  before(async () => {
    lab = await createLab(REALM);
  });
  after(async () => {
    await lab.close();
    process.stdout.write(`\n${table.join('\n')}\n`);
    process.stdout.write(
      `${Object.entries(count)
        .map(([name, value]) => `${name} ${value}`)
        .join(', ')}\n\n`,
    );
  });

  test('a healthy set-up gives no failure and no warning, with and without an admin', async () => {
    for (const admin of [false, true]) assertWell(await lab.visit({ admin }));
  });

  test('a client that signs with the key of a file gives no failure and no warning', async () => {
    const { settings, attributes } = await withKeyFile();
    await lab.client({ clientAuthenticatorType: 'client-jwt' }, attributes);
    try {
      assertWell(await lab.visit({ settings }));
    } finally {
      await lab.restore();
    }
  });

  for (const failure of [
    ...CLIENT_FAILURES,
    ...USER_FAILURES,
    ...TOKEN_FAILURES,
    ...REALM_FAILURES,
    ...MORE_FAILURES,
    ...RARE_FAILURES,
    ...PROXY_FAILURES,
  ]) {
    test(`${failure.name}: names cause and fix, and is content when it is mended`, async () => {
      const visit = await failure.break(lab);
      const results = await lab.visit(visit);
      try {
        judge(failure, results);
      } finally {
        await failure.mend?.(lab);
        await lab.restore();
      }
      const mended = await lab.visit(visit?.admin ? { admin: true } : {});
      if (mended.some(isTrouble)) count['false alarms']++;
      assertWell(mended);
    });
  }

  function judge(failure: Failure, results: readonly CheckResult[]): void {
    const found = results.filter(isTrouble);
    const told = found.find(({ id }) => id === failure.check);
    const isExact = told !== undefined && failure.cause.test(told.cause) && failure.fix.test(told.fix);
    const verdict = isExact ? 'exact' : found.length > 0 ? 'vague' : 'missed';
    count.tried++;
    count[verdict]++;
    table.push(
      `${verdict.padEnd(7)} ${failure.name.padEnd(38)} ${told === undefined ? found.map(({ id }) => id).join(', ') : `${told.id} ${told.status}`}`,
    );
    assert.ok(told, `${failure.check} found nothing; found: ${JSON.stringify(found, null, 1)}`);
    assert.equal(told.status, failure.status ?? 'fail');
    assert.match(told.cause, failure.cause);
    assert.match(told.fix, failure.fix);
    assert.ok(!JSON.stringify(results).includes(lab.secret), 'the secret is not shown');
    assert.ok(!JSON.stringify(results).includes(lab.password), 'the password is not shown');
  }
});

function isTrouble({ status }: CheckResult): boolean {
  return status === 'fail' || status === 'warn';
}

function assertWell(results: readonly CheckResult[]): void {
  assert.deepEqual(results.filter(isTrouble), []);
  assert.ok(results.filter(({ status }) => status === 'ok').length > 40, 'the checks were made');
}
