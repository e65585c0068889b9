import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AuthError } from '../../packages/guard/src/core/index.ts';
import { openBrowser } from './browser.ts';
import { buildSessionApp } from './session-app.ts';

const CASES: readonly [what: string, onLogin: () => unknown, status: number, body: RegExp][] = [
  ['says no', () => false, 403, /Not enough permissions/],
  ['says no later', async () => false, 403, /Not enough permissions/],
  [
    'refuses as a guard does',
    () => {
      throw new AuthError('role_missing', 'nobody of that department');
    },
    403,
    /Not enough permissions/,
  ],
  [
    'breaks: that is no refusal of the person',
    () => Promise.reject(new Error('the database is away')),
    500,
    /^(?!.*Not enough permissions)/s,
  ],
];

for (const [what, onLogin, status, body] of CASES) {
  test(`nobody is signed in where onLogin ${what}`, async (t) => {
    const { app } = await buildSessionApp(t, { session: { onLogin: onLogin as () => boolean } });
    const browser = openBrowser(app);
    const answer = await browser.signIn();
    assert.equal(answer.statusCode, status, answer.body);
    assert.match(answer.body, body);
    assert.equal(browser.session, '');
    assert.equal((await browser.app({ url: '/protected' })).statusCode, 401);
  });
}

test('everybody is signed in where onLogin says nothing', async (t) => {
  const { app } = await buildSessionApp(t, { session: { onLogin: () => undefined as never } });
  const browser = openBrowser(app);
  assert.equal((await browser.signIn()).statusCode, 303);
  assert.equal((await browser.app({ url: '/protected' })).statusCode, 200);
});
