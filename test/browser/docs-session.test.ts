import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startService } from '../../packages/server/src/index.ts';
import { createLoggerTo } from '../../packages/server/src/log/logger.ts';
import { collectLog, configFor, startIdp } from '../server/service.ts';
import { reachOnly } from '../support/chromium.ts';
import { openPage } from '../support/page.ts';

test('who signed in at the start is known on the docs page, also after a reload, and it keeps no token', async (t) => {
  const idp = await startIdp(t);
  const config = { ...configFor(idp.url), host: '127.0.0.1' };
  const service = await startService(config, { logger: createLoggerTo(config, collectLog().stream) });
  t.after(() => service.close());
  idp.updateClient('fastapi-keycloak', { redirectUris: [`${service.url}/*`] });
  const page = await openPage(t, reachOnly('127.0.0.1'));
  await page.goto(`${service.url}/docs`);
  const start = page.getByRole('link', { name: 'at the start' });
  await start.waitFor();
  assert.equal(await start.getAttribute('href'), '/');
  await page.goto(service.url);
  await page.getByRole('link', { name: 'Sign in with Keycloak' }).click();
  await page.locator('#username').fill('abdullah');
  await page.locator('#password').fill('Test#123456');
  await page.locator('#kc-login').click();
  await page.getByText('Signed in as abdullah.').waitFor();
  await page.goto(`${service.url}/docs`);
  const operation = page.locator('.opblock', { has: page.locator('[data-path="/protected"]') });
  // By its address, it is open after a reload as well.
  await operation.locator('.opblock-summary-control').click();
  for (const how of ['first', 'after a reload']) {
    const [answer] = await Promise.all([
      page.waitForResponse((response) => response.url() === `${service.url}/protected`),
      operation.locator('.execute').click(),
    ]);
    assert.equal(answer.status(), 200, how);
    const stored = await page.evaluate('JSON.stringify([{ ...localStorage }, { ...sessionStorage }])');
    assert.doesNotMatch(String(stored), /\beyJ|Bearer/);
    await page.reload();
  }
});
