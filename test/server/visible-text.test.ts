import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import { audit } from '../../packages/guard/src/observability/audit.ts';
import { createLoggerTo, escapeForTerminal, prettyStream } from '../../packages/server/src/log/logger.ts';
import { eventually } from '../support/eventually.ts';
import { buildTestApp, collectLog, form, startIdp } from './service.ts';

/**
 * C1 and DEL, directions and isolates, marks, no width, separators, tags, byte order; letters, marks and a pattern of dots
 * that have no face (Hangul fillers, the joiner of graphemes, variation selectors, blank Braille): each between letters.
 */
const HIDDEN = [
  ...[0x7f, 0x80, 0x85, 0x9b, 0x9d, 0x9f, 0xad, 0x61c, 0x180e, 0x200b, 0x200e, 0x200f, 0x2028, 0x2029],
  ...[0x202a, 0x202b, 0x202c, 0x202d, 0x202e, 0x2060, 0x2066, 0x2067, 0x2068, 0x2069, 0xfeff, 0xfff9],
  ...[0xe0001, 0xe0041],
  ...[0x34f, 0x115f, 0x1160, 0x17b4, 0x180b, 0x2800, 0x3164, 0xfe0f, 0xffa0, 0xe0100],
];
const name = HIDDEN.map((code) => `x${String.fromCodePoint(code)}`).join('');
const LOOKS_AS_IT_IS = /^[^\u007f-\u009f\u2800\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]*$/u;

test('what a user name hides stands in the log as an escape, and is the same when it is read', async (t) => {
  const idp = await startIdp(t);
  const { app, log } = await buildTestApp(t, idp.url);
  const username = name.replaceAll('\u007f', '');
  assert.equal((await app.inject(form({ username, password: 'x' }))).statusCode, 401);
  assert.match(log.text(), LOOKS_AS_IT_IS);
  assert.equal(log.lines().find(({ event }) => event === 'login')?.user, username);
});

test('every text of a line is made visible: messages, names of fields, what is nested', () => {
  const log = collectLog();
  const logger = createLoggerTo({ logLevel: 'info' }, log.stream);
  logger.info({ [name]: name, deep: [{ [name]: name }] }, name);
  logger.child({ who: name }).info('child');
  assert.match(log.text(), LOOKS_AS_IT_IS);
  const [line, child] = log.lines();
  assert.equal(line?.msg, name);
  assert.equal(line?.[name], name);
  assert.deepEqual(line?.deep, [{ [name]: name }]);
  assert.equal(child?.who, name);
  assert.equal(log.text().split('\n').length, 3, 'one line each');
});

test('on a terminal no name or message can move the cursor, change colours, or begin a line of its own', async () => {
  let shown = '';
  const terminal = new Writable({
    write(chunk, _encoding, done) {
      shown += String(chunk);
      done();
    },
  });
  const logger = createLoggerTo({ logLevel: 'info' }, await prettyStream(terminal), escapeForTerminal);
  const evil = `${name}\u001b[2J\u0007\b\r\n[00:00:00] INFO: forged \\u001b "quoted" \\ ä`;
  logger.info({ user: evil, deep: { evil } }, evil);
  await eventually('it is shown', () => shown.includes('INFO'));
  assert.match(shown, LOOKS_AS_IT_IS);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: none may be there
  assert.doesNotMatch(shown, /[\u0000-\u0009\u000b-\u001f]/);
  assert.doesNotMatch(shown, /^\[00:00:00\]/m);
  assert.match(shown, /\\u009b/);
  assert.match(shown, /ä/);
});

test('the trace of an error keeps its lines on a terminal', async () => {
  let shown = '';
  const terminal = new Writable({
    write(chunk, _encoding, done) {
      shown += String(chunk);
      done();
    },
  });
  const logger = createLoggerTo({ logLevel: 'info' }, await prettyStream(terminal), escapeForTerminal);
  logger.error({ err: new Error('no') }, 'failed');
  await eventually('it is shown', () => shown.includes('failed'));
  assert.match(shown, /\n +at .*visible-text\.test/);
});

test('on a terminal a line of the audit log says what happened, not twice that it is one', async () => {
  let shown = '';
  const terminal = new Writable({
    write(chunk, _encoding, done) {
      shown += String(chunk);
      done();
    },
  });
  const logger = createLoggerTo({ logLevel: 'info' }, await prettyStream(terminal), escapeForTerminal);
  const log = audit(logger.child({ name: 'audit' }));
  log.event({ event: 'login', outcome: 'wrong_credentials', user: 'abdullah' }, null);
  logger.info('another');
  await eventually('it is shown', () => shown.includes('another'));
  assert.match(shown, /INFO \(audit\): login wrong_credentials \{.*"user":"abdullah"/);
  assert.match(shown, /INFO: another\n/);
});
