// What becomes of a refusal: the answer, the page of a person, and who hears of it.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createRefusals, isHtml } from '../../packages/guard/src/adapters/engine/refusals.ts';
import { AuthError, type Principal } from '../../packages/guard/src/core/index.ts';
import type { Observer } from '../../packages/guard/src/core/internal.ts';
import { createTestRealm } from '../support/test-realm.ts';

const anna = { username: 'anna' } as Principal;
const LOGIN = { status: 303, headers: { location: '/login' }, setCookies: [], body: undefined };
const PAGE = {
  status: 403,
  headers: { 'content-type': 'text/html; charset=utf-8' },
  setCookies: [],
  body: '<p>',
};

function setUp({ hasSessions = true, members = [], ...more }: Record<string, unknown> = {}) {
  const heard: unknown[] = [];
  const lines: string[] = [];
  const log = (of: string) => ({
    info: (_: object, line: string) => void lines.push(`${of} info ${line.slice(0, 10)}`),
    debug: (_: object, line: string) => void lines.push(`${of} debug ${line.slice(0, 10)}`),
    warn() {},
    error: ({ err }: { err?: Error }, line: string) =>
      void lines.push(`${of} error ${line}: ${err?.message}`),
  });
  const pages: unknown[] = [];
  const sessions = {
    inviteToLogin: () => LOGIN,
    refusalPage(_request: object, { principal, detail }: { principal: unknown; detail: string }) {
      pages.push([principal, detail]);
      return PAGE;
    },
  };
  const toSessionRequest = () => ({ method: 'GET', url: '/a' });
  const refusals = createRefusals<object>(
    {
      explain: false,
      logRefusals: false,
      log: log('options'),
      onDenied: (...given: unknown[]) => void heard.push(given),
      ...more,
    } as never,
    { toSessionRequest, toRequest: (request: object) => request, ...(more.host as object) } as never,
    members as object[],
    {
      fallback: log('fallback') as never,
      logOf: () => log('own') as never,
      sessionsOf: () => (hasSessions ? sessions : undefined) as never,
    },
  );
  return { ...refusals, heard, lines, pages };
}
/** The code of the log is loaded when it is needed; an import of the same answers after that. */
const settled = async () => {
  await import('../../packages/guard/src/adapters/engine/parts/refusal-log.ts');
  await new Promise((resolve) => setTimeout(resolve, 0));
};

describe('the answer to a refusal', () => {
  test('is for refusals alone', () => {
    const { refusalOf, inviteToLogin } = setUp();
    for (const error of [new Error('a fault'), undefined, 'text']) {
      assert.equal(refusalOf(error, {}), undefined);
      assert.equal(inviteToLogin(error, {}), undefined);
    }
  });

  test('invites nobody to the login who came with a token', () => {
    const { refusalOf, inviteToLogin } = setUp();
    for (const code of ['missing_token', 'unsupported_scheme'] as const) {
      const error = new AuthError(code, 'no');
      assert.equal(inviteToLogin(error, {}), LOGIN);
      assert.equal(refusalOf(error, {}), LOGIN);
      assert.equal(setUp({ hasSessions: false }).refusalOf(error, {})?.status, 401);
    }
    for (const code of ['token_expired', 'role_missing'] as const)
      assert.equal(inviteToLogin(new AuthError(code, 'no'), {}), undefined);
  });

  test('of a person who is signed in is a page, if another caller would be let in', () => {
    const denied = new AuthError('role_missing', 'no');
    const { refusalOf, onDenied, pages } = setUp();
    const [request, other] = [{}, {}];
    onDenied(request, denied, anna);
    assert.equal(refusalOf(denied, request), PAGE);
    assert.deepEqual(pages, [[anna, denied.detail]]);
    assert.equal(refusalOf(denied, other)?.status, 403);
    const expired = new AuthError('token_expired', 'no');
    onDenied(other, expired, anna);
    assert.equal(refusalOf(expired, other)?.status, 401);
    assert.equal(pages.length, 1);
    // Nobody is signed in at the address of no tenant.
    const unknown = new AuthError('tenant_unknown', 'no');
    assert.equal(refusalOf(unknown, {}), PAGE);
    assert.deepEqual(pages[1], [null, unknown.detail]);
  });

  test('is a page by its type', () => {
    assert.equal(isHtml(PAGE), true);
    for (const type of [undefined, 'application/json', 'x-text/html'])
      assert.equal(isHtml({ ...PAGE, headers: { 'content-type': type as never } }), false);
    assert.equal(isHtml({ ...PAGE, headers: {} }), false);
  });
});

describe('a refusal', () => {
  const denied = new AuthError('role_missing', 'no');
  const nobody = new AuthError('missing_token', 'no');

  test('is heard of with its caller; a listener that fails costs a line', async () => {
    const { onDenied, heard } = setUp();
    const request = {};
    onDenied(request, denied, anna);
    assert.deepEqual(heard, [[request, denied, anna]]);
    const [fault, late] = [new Error('at once'), new Error('late')];
    for (const [listener, message] of [
      [() => Promise.reject(late), 'late'],
      [
        () => {
          throw fault;
        },
        'at once',
      ],
    ] as const) {
      const { onDenied: deny, lines } = setUp({ onDenied: listener });
      deny({}, denied, null);
      await settled();
      assert.deepEqual(lines, [`own error onDenied failed: ${message}`]);
    }
    setUp({ onDenied: undefined }).onDenied({}, denied, null);
  });

  test('is a line in the log of its request, but for what is no refusal: an invitation', async () => {
    for (const [error, hasSessions, count] of [
      [denied, true, 1],
      [nobody, false, 1],
      [nobody, true, 0],
    ] as const) {
      const { onDenied, lines } = setUp({ logRefusals: true, hasSessions });
      onDenied({}, error, null);
      await settled();
      assert.deepEqual(lines, Array(count).fill('options info GET /a was'));
    }
    const own = { info() {}, debug() {}, error() {}, warn() {} };
    const hears: string[] = [];
    const { onDenied, lines } = setUp({
      logRefusals: true,
      host: { logOf: () => ({ ...own, info: (_: object, line: string) => void hears.push(line) }) },
    });
    onDenied({}, denied, null);
    await settled();
    assert.deepEqual([lines, hears.length], [[], 1]);
    const silent = setUp();
    silent.onDenied({}, denied, null);
    await settled();
    assert.deepEqual(silent.lines, []);
  });
});

describe('observers of security events', () => {
  test('hear of everything, each once, with the address that the sender had then', async (t) => {
    const heard: unknown[] = [];
    const observer: Observer = {
      event: ({ event, outcome }, source) => void heard.push([event, outcome, source?.address]),
    };
    const verifiers = ['a', 'b'].map((realm) =>
      createTestRealm({ realm }).verifier({ observers: [observer] }),
    );
    t.after(() => Promise.all(verifiers.map((one) => one.close())));
    const addresses = new Map<object, string>();
    const host = { addressOf: (request: object) => addresses.get(request) };
    const { securityEvents, onDenied } = setUp({ members: verifiers, host });
    const report = () => {
      const request = {};
      addresses.set(request, '192.0.2.1');
      securityEvents?.admitted(request, { ...anna, kind: 'person' } as Principal);
      onDenied(request, new AuthError('role_missing', 'no'), null);
      const error = new AuthError('token_claims', 'no');
      securityEvents?.message(request, { revocations: [], error } as never);
      securityEvents?.session({ type: 'started', reason: 'login' } as never, request);
      securityEvents?.session({ type: 'ended', reason: 'expired' } as never, null);
      // The connection has ended.
      addresses.delete(request);
    };
    const expected = (address: string | undefined) => [
      ['access', 'ok', address],
      ['access', 'role_missing', address],
      ['revocation', 'token_claims', address],
      ['login', 'ok', address],
      ['session_end', 'expired', undefined],
    ];
    report();
    await import('../../packages/guard/src/adapters/engine/parts/security-events.ts');
    await settled();
    assert.deepEqual(heard.splice(0), expected('192.0.2.1'));
    report();
    assert.deepEqual(heard, expected('192.0.2.1'));
  });

  test('that listen to none cost nothing', async (t) => {
    const verifier = createTestRealm().verifier({ observers: [{ check: (check) => check() }] });
    t.after(() => verifier.close());
    assert.equal(setUp({ members: [verifier, {}] }).securityEvents, undefined);
  });
});
