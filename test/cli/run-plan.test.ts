import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PlanStep } from '../../packages/cli/src/admin/plan/step.ts';
import { type PlanPart, runPlan, toPart } from '../../packages/cli/src/plan/run-plan.ts';
import { createLines } from '../admin/run-setup.ts';

const step = (kind: PlanStep['kind'], subject: string, more: Partial<PlanStep> = {}): PlanStep => ({
  kind,
  subject,
  changes: [],
  ...more,
});
const change = (field: string, from: string, to: string) => ({ field, from, to });

/** What a plan prints, and what becomes of it. */
async function run(
  parts: readonly (Partial<PlanPart> & { fails?: boolean })[],
  {
    answer,
    ...options
  }: { answer?: boolean; yes?: boolean; dryRun?: boolean; chosen?: readonly string[] } = {},
) {
  const { lines, out } = createLines();
  const asked: unknown[][] = [];
  const applied: string[] = [];
  const all = parts.map(({ steps = [], kept = [], blocked = [], title, fails, ...more }) => ({
    ...toPart(title, { steps, kept, blocked }, async function* () {
      for (const one of steps) {
        applied.push(one.subject);
        yield one;
      }
      if (fails) throw new Error('cut off');
    }),
    ...more,
  }));
  const questions =
    answer === undefined
      ? undefined
      : { confirm: async (...args: unknown[]) => asked.push(args) > 0 && answer };
  const outcome = runPlan(all, { dryRun: false, yes: false, ...options }, out as never, questions as never);
  return { lines, asked, applied, outcome: await outcome.catch((error: Error) => error.message) };
}
const NEW = step('create', 'role boss');

test('a plan shows each thing once, with its changes and the rights that they open', async () => {
  const { lines } = await run(
    [
      {
        title: 'Keycloak',
        steps: [
          step('create', 'client api', {
            changes: [change('flow', '', 'on')],
            opens: ['anybody may sign in'],
          }),
          step('change', 'client api', { changes: [change('secret', 'a', 'b')] }),
          step('change', 'user anna', {
            changes: [
              change('email', '', 'a@b.c'),
              change('name', 'A', 'B'),
              change('roles', '', '+boss'),
              change('x', 'y', '+z'),
            ],
          }),
          step('change', 'user anna', { opens: ['more'] }),
          step('delete', 'user anna'),
        ],
        kept: ['realm shop'],
        blocked: [{ subject: 'client web', why: 'it is off', fix: 'switch it on' }],
      },
    ],
    { dryRun: true },
  );
  assert.deepEqual(lines, [
    'Keycloak',
    '  + create client api',
    '      flow: on',
    '      secret: b',
    '      opens: anybody may sign in',
    '  ~ change user anna',
    '      email: (none) → a@b.c',
    '      name: A → B',
    '      roles: +boss',
    '      x: y → +z',
    '      opens: more',
    '  - delete user anna',
    '  = keep realm shop',
    '  ! client web: it is off',
    '      by hand: switch it on',
    'Dry run: nothing was changed.',
    'To do by hand: 1 (marked ! above).',
  ]);
});

test('the exit code: 0 done, 1 something is left to a person, 2 not applied', async () => {
  const blocked = [{ subject: 'x', why: 'y', fix: 'z' }];
  for (const [parts, options, outcome, last] of [
    [[{}], {}, { what: 'nothing', code: 0, isDone: true }, 'Nothing to change.'],
    [[{ blocked }], {}, { what: 'nothing', code: 1, isDone: false }, 'To do by hand: 1 (marked ! above).'],
    [
      [{ steps: [NEW] }],
      { dryRun: true },
      { what: 'shown', code: 0, isDone: false },
      'Dry run: nothing was changed.',
    ],
    [
      [{ steps: [NEW], blocked }, { blocked }],
      { dryRun: true, yes: true },
      { what: 'shown', code: 1, isDone: false },
      'To do by hand: 2 (marked ! above).',
    ],
    [[{ steps: [NEW] }], { yes: true }, { what: 'applied', code: 0, isDone: true }, '  ✓ created role boss'],
    [
      [{ steps: [NEW], blocked }],
      { yes: true },
      { what: 'applied', code: 1, isDone: false },
      'To do by hand: 1 (marked ! above).',
    ],
    [
      [{ steps: [NEW] }],
      {},
      { what: 'declined', code: 2, isDone: false },
      'Nothing was changed: there is no terminal to confirm on. Run it again with --yes.',
    ],
    [
      [{ steps: [NEW] }],
      { answer: false },
      { what: 'declined', code: 2, isDone: false },
      'Nothing was changed.',
    ],
    [
      [{ steps: [NEW] }],
      { answer: true },
      { what: 'applied', code: 0, isDone: true },
      '  ✓ created role boss',
    ],
  ] as const) {
    const result = await run(parts, options);
    assert.deepEqual(result.outcome, outcome);
    assert.equal(result.lines.at(-1), last);
    assert.deepEqual(result.applied, outcome.what === 'applied' ? ['role boss'] : []);
  }
});

test('enter alone confirms what neither deletes nor opens anything, and names no file that nobody named', async () => {
  for (const [steps, chosen, byDefault] of [
    [[NEW], [], true],
    [[step('change', 'x')], [], true],
    [[step('change', 'x', { opens: [] })], [], true],
    [[NEW, step('delete', 'x')], [], false],
    [[NEW, step('change', 'x', { opens: ['more'] })], [], false],
    [[NEW], ['--url from .env'], false],
  ] as const) {
    const { asked, lines } = await run([{ steps }], { answer: true, chosen });
    assert.deepEqual(asked, [['Apply this?', byDefault]]);
    assert.equal(
      lines.includes('  ! these values are from a file that you did not name: --url from .env'),
      chosen.length > 0,
    );
  }
  const { asked } = await run([{ steps: [step('delete', 'x')] }], { answer: false, yes: true });
  assert.deepEqual(asked, []);
});

test('what is applied is one line for each thing; what was done before a failure is said to stay', async () => {
  const twice = [step('change', 'user anna'), step('change', 'user anna'), step('delete', 'role boss')];
  const { lines } = await run([{ steps: twice }], { yes: true });
  assert.deepEqual(lines.slice(-2), ['  ✓ changed user anna', '  ✓ deleted role boss']);
  const failed = await run([{ steps: twice, fails: true }], { yes: true });
  assert.equal(failed.outcome, 'cut off');
  assert.equal(failed.lines.at(-1), 'What was done so far stays; run it again to go on.');
  const early = await run([{ fails: true }, { steps: [NEW] }], { yes: true });
  assert.equal(early.outcome, 'cut off');
  assert.ok(!early.lines.some((line) => line.startsWith('What was done')));
  let agreed = 0;
  const assertAgreeable = () => {
    agreed++;
    throw new Error('no yes');
  };
  assert.equal((await run([{ steps: [NEW], assertAgreeable }], { yes: true })).outcome, 'no yes');
  await run([{ steps: [NEW], assertAgreeable }], { dryRun: true });
  assert.equal(agreed, 1);
});
