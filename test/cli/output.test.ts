import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { type CheckResult, fail, ok, skipped } from '../../packages/cli/src/doctor/check.ts';
import { printResult, printSummary } from '../../packages/cli/src/doctor/report.ts';
import { createOutput, toPlainJson, toPlainLine } from '../../packages/cli/src/terminal/output.ts';
import { createLines } from '../admin/run-setup.ts';
import { emptyFolder, MAIN } from './support/program.ts';

function summaryOf(results: readonly CheckResult[]): string[] {
  const lines: string[] = [];
  const line = (text = '') => void lines.push(text);
  printSummary({ paint: (_, text) => text, line, progress() {} }, results);
  return lines.filter((text) => text.startsWith('-'));
}
const many = (count: number, why: string): CheckResult[] =>
  Array.from({ length: count }, (_, index) => ({ id: `some.check-${index}`, ...skipped(why) }));

test('the doctor names what was not looked at, up to five; more are counted', () => {
  assert.deepEqual(summaryOf([{ id: 'a.b', ...ok('') }, ...many(2, 'needs client.secret')]), [
    '- skipped: some.check-0, some.check-1 (needs client.secret)',
  ]);
  assert.deepEqual(summaryOf(many(5, 'no admin')).length, 1);
  assert.match(summaryOf(many(5, 'no admin'))[0] ?? '', /some\.check-4 \(no admin\)$/);
  assert.deepEqual(summaryOf(many(54, 'needs address.keycloak')), [
    '- 54 checks skipped: they need address.keycloak',
  ]);
  assert.deepEqual(summaryOf(many(14, 'no admin')), ['- 14 checks skipped: no admin']);
});

test('a check that needs one that was skipped is skipped for the reason of that one', () => {
  const results = [
    { id: 'admin.login', ...skipped('no admin') },
    { id: 'admin.rights', ...skipped('needs admin.login') },
    { id: 'realm.flow', ...skipped('needs a.b, admin.rights') },
    { id: 'a.b', ...fail('x', 'y', 'z') },
    { id: 'c.d', ...skipped('needs a.b') },
  ];
  assert.deepEqual(summaryOf(results), [
    '- skipped: admin.login, admin.rights, realm.flow (no admin)',
    '- skipped: c.d (needs a.b)',
  ]);
});

test('a finding is one line, its cause and its fix lines of their own; what was skipped is none', () => {
  const shown = (finding: CheckResult) => {
    const { lines, out } = createLines();
    printResult(out, finding);
    return lines;
  };
  assert.deepEqual(shown({ id: 'a.b', ...skipped('no admin') }), []);
  assert.deepEqual(shown({ id: 'a.b', ...ok('well') }), ['✓ a.b                        well']);
  assert.deepEqual(shown({ id: 'a.b', ...fail('seen', 'the cause', 'one\ntwo') }), [
    '✗ a.b                        seen',
    '    cause: the cause',
    '    fix:   one\n           two',
  ]);
});

test('colours are for a terminal, unless a person says otherwise', () => {
  const isColoured = (env: Record<string, string>, isTTY: boolean) =>
    createOutput({ isTTY, write: () => true } as never, env).paint('red', 'x') !== 'x';
  for (const [env, onTerminal, elsewhere] of [
    [{}, true, false],
    [{ NO_COLOR: '1' }, false, false],
    [{ NO_COLOR: '' }, true, false],
    [{ TERM: 'dumb' }, false, false],
    [{ FORCE_COLOR: '1' }, true, true],
    [{ FORCE_COLOR: '0' }, true, false],
    [{ FORCE_COLOR: '1', NO_COLOR: '1' }, true, true],
  ] as const)
    assert.deepEqual(
      [isColoured(env, true), isColoured(env, false)],
      [onTerminal, elsewhere],
      JSON.stringify(env),
    );
});

test('what a server says does not fill the screen', () => {
  const lines: string[] = [];
  const line = (text = '') => void lines.push(text);
  const said = 'x'.repeat(1_000_000);
  printResult({ paint: (_, text) => text, line, progress() {} }, { id: 'a.b', ...fail(said, said, said) });
  assert.deepEqual(
    lines.map((one) => [one.length < 2_100, one.at(-1)]),
    Array(3).fill([true, '…']),
  );
});

test('what was seen in Keycloak is one line, whatever a resource is called', () => {
  const lines: string[] = [];
  const line = (text = '') => void lines.push(...text.split('\n'));
  const name = 'x\n✓ realm.ssl  on';
  printResult(
    { paint: (_, text) => text, line, progress() {} },
    { id: 'a.b', ...fail(name, name, 'Mend it') },
  );
  assert.deepEqual(
    lines.filter((text) => /^\s*✓/.test(text)),
    [],
  );
  assert.equal(lines.length, 3);
});

test('JSON on a terminal says the same, and obeys no name', () => {
  const value = { 'a\u009b2J': 'x\u202ey\u200b\u2028\u{e0001}é\n\u007f', list: [1] };
  const text = toPlainJson(JSON.stringify(value, null, 2));
  assert.deepEqual(JSON.parse(text), value);
  assert.match(text, /^[\n\u0020-\u007eé]+$/);
});

test('a reader that has seen enough ends nothing: no stack trace, and the exit code is that of the command', async () => {
  const child = spawn(process.execPath, [MAIN, 'doctor'], {
    cwd: emptyFolder(),
    env: { PATH: process.env.PATH },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout.destroy();
  const [errors, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
  assert.equal(errors, '');
  assert.equal(code, 1);
});

/** A stream that is a terminal, and what was written to it. */
function terminal(isTTY = true, columns: number | undefined = undefined) {
  const written: string[] = [];
  const stream = { isTTY, columns, write: (text: string) => written.push(text) };
  return { out: createOutput(stream as never, {}), read: () => written.splice(0).join('') };
}

/** What a server could write to a person's terminal. */
const OBEYED = [
  '\u001b[2J', // clears it
  '\u001b]0;title\u0007', // renames the window
  '\u001b]8;;https://evil.test\u001b\\link\u001b]8;;\u001b\\', // a link to elsewhere
  '\u001b]52;c;ZXZpbA==\u0007', // writes the clipboard
  '\u001b[8m', // hides what follows
  '\u001b[32m✓', // looks like a success
  '\u009b2J',
  '\r',
  '\b',
  '\u0000',
  '\u202e', // right to left
  '\u2028',
  // Nothing is seen of them: `admin` with one in it is another name.
  '\u200b',
  '\u115f',
  '\u3164',
  '\ufe0f',
  '\u2800',
  '\u{e0041}',
];

test('whoever wrote a text, a terminal obeys nothing in it', () => {
  const { out, read } = terminal();
  for (const text of OBEYED) {
    out.line(`before ${text} after`);
    out.line(out.paint('red', `before ${text} after`));
    out.progress(`before ${text} after`);
    out.progress('');
    const seen = read().replaceAll('\u001b[31m', '').replaceAll('\u001b[39m', '').replaceAll('\u001b[2m', '');
    assert.doesNotMatch(
      seen.replaceAll('\u001b[22m', '').replaceAll('\r\u001b[2K', ''),
      /[^\P{Cc}\n]|[\u2800\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u,
      JSON.stringify(text),
    );
  }
});

test('colours of a command stay, one in another too, and are for a terminal alone', () => {
  const { out, read } = terminal();
  out.line(`${out.paint('green', '✓')} done ${out.paint('dim', `(${out.paint('bold', 'x')})`)}`);
  assert.equal(read(), '\u001b[32m✓\u001b[39m done \u001b[2m(\u001b[1mx\u001b[22m)\u001b[22m\n');
  const pipe = terminal(false);
  pipe.out.progress('looking');
  pipe.out.line(pipe.out.paint('green', '✓'));
  assert.equal(pipe.read(), '✓\n');
});

test('what is going on is gone with the next line, and taken away by an empty one', () => {
  const { out, read } = terminal();
  out.progress('looking for Keycloak');
  out.progress('');
  assert.equal(read(), '\u001b[2m… looking for Keycloak\u001b[22m\r\u001b[2K');
  out.progress('');
  assert.equal(read(), '');
  out.progress('reading a\n✓ b');
  assert.doesNotMatch(read(), /\n/);
});

test('what is going on is one line of the terminal, which only so can be taken away', () => {
  for (const columns of [20, undefined]) {
    const { out, read } = terminal(true, columns);
    out.progress('x'.repeat(200));
    const shown = read().replaceAll('\u001b[2m', '').replaceAll('\u001b[22m', '');
    assert.equal(shown.length, (columns ?? 80) - 1);
  }
});

test('a line of what others wrote is one line', () => {
  assert.equal(toPlainLine(' no\n✓ logged in\t\u001b[1m!\n'), 'no ✓ logged in !');
});

test('the summary counts what failed and warned, and names a few skipped checks by what they rest on', () => {
  const of = (...results: [id: string, status: string, seen?: string][]) => {
    const { lines, out } = createLines();
    printSummary(
      out as never,
      results.map(([id, status, seen = '']) => ({ id, status, seen, cause: '', fix: '' })) as never,
    );
    return lines;
  };
  assert.deepEqual(of(['a', 'ok']), ['', 'No problems, 1 checks passed, 0 skipped.']);
  assert.equal(of(['a', 'fail'], ['b', 'warn']).at(-1), '1 problem, 1 warning, 0 checks passed, 0 skipped.');
  assert.equal(
    of(['a', 'fail'], ['b', 'fail'], ['c', 'warn'], ['d', 'warn']).at(-1),
    '2 problems, 2 warnings, 0 checks passed, 0 skipped.',
  );
  const skipped = (count: number, seen: string) =>
    Array.from({ length: count }, (_, at) => [`s${at}`, 'skipped', seen] as [string, string, string]);
  assert.deepEqual(of(...skipped(5, 'no admin')).slice(0, 3), [
    '',
    '- skipped: s0, s1, s2, s3, s4 (no admin)',
    '',
  ]);
  assert.equal(of(...skipped(6, 'no admin'))[1], '- 6 checks skipped: no admin');
  assert.equal(of(['root', 'fail'], ...skipped(6, 'needs root'))[1], '- 6 checks skipped: they need root');
  assert.deepEqual(
    of(['root', 'skipped', 'no admin'], ['leaf', 'skipped', 'needs other, root']).slice(1, 2),
    ['- skipped: root, leaf (no admin)'],
  );
});

test('a line of a result holds what was seen, its cause and its fix, shortened', () => {
  const of = (result: object) => {
    const { lines, out } = createLines();
    printResult(out as never, { id: 'a.b', status: 'ok', seen: 'x', cause: '', fix: '', ...result } as never);
    return lines;
  };
  assert.deepEqual(of({}), [`✓ a.b${' '.repeat(23)} x`]);
  assert.deepEqual(of({ status: 'skipped' }), []);
  assert.deepEqual(of({ status: 'warn', cause: 'c', fix: 'f\ng' }).slice(1), [
    '    cause: c',
    '    fix:   f\n           g',
  ]);
  assert.equal(of({ seen: 's'.repeat(2_000) })[0]?.length, 29 + 2_000);
  assert.ok(of({ seen: 's'.repeat(2_001) })[0]?.endsWith('s…'));
});
