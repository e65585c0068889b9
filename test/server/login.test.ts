import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { form, PASSWORD, shareTestApp } from './service.ts';

// What is answered stands in the contract of the guide: test/contract/guide/login-contract.ts.
describe('POST /login', () => {
  const shared = shareTestApp();

  test('an answer is JSON, and a refusal no challenge', async () => {
    const { app } = shared;
    for (const [username, password, status] of [
      ['abdullah', PASSWORD, 200],
      ['disabled', 'wrong', 401],
    ] as const) {
      const { statusCode, headers } = await app.inject(form({ username, password }));
      assert.equal(statusCode, status);
      assert.equal(headers['content-type'], 'application/json; charset=utf-8');
      assert.equal(headers['www-authenticate'], undefined);
    }
  });

  test('the log says how to mend an account that nobody can log in with, as it does for a wrong secret', async () => {
    const { app, log } = shared;
    for (const [id, username, fix] of [
      ['account-not-ready', 'newcomer', /remove the required user actions/],
      ['account-disabled', 'disabled', /Enabled ON/],
    ] as const) {
      await app.inject(form({ username, password: PASSWORD }));
      assert.match(String(log.lines().find((line) => line.id === id)?.fix), fix);
    }
  });
});
