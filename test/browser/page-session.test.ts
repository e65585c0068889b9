// What a page notices of its session, by the programs of the documentation and of the template: a sign-out elsewhere, a refusal, an outage.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { signIn } from './front-end.ts';
import { isAt, setUpOwnPage, signInAt } from './own-page.ts';

const CALL = { 'keycloak-js': 'callApi', template: 'call', 'oidc-client-ts': 'callApi' } as const;

// They wait for timers of the page more than they work. What waits longest begins.
describe('a page', { concurrency: 4 }, () => {
  test('template: the page says that Keycloak does not answer', async (t) => {
    const { page, app } = await setUpOwnPage(t, 'template');
    await page.route('**/realms/**', (route) => route.abort());
    await page.goto(app);
    await page.getByText('Keycloak does not answer').waitFor();
  });

  for (const name of ['keycloak-js', 'template'] as const)
    test(`${name}: a tab notices that somebody signed out in another one`, async (t) => {
      const { page, app } = await setUpOwnPage(t, name);
      await signInAt(page, app);
      const other = await page.context().newPage();
      await other.goto(app);
      await isAt(other, `${app}/`, 'signed in');
      await other.evaluate('signOut()').catch(() => {});
      await isAt(page, `${app}/`, 'signed out');
    });

  for (const name of ['keycloak-js', 'template', 'oidc-client-ts'] as const)
    test(`${name}: a 401 leads to the login if Keycloak has ended the session, and stays a 401 otherwise`, async (t) => {
      const { idp, page, app } = await setUpOwnPage(t, name);
      const refusal = { status: 401, headers: { 'access-control-allow-origin': '*' }, body: 'refused' };
      await page.route('**/me', (route) => route.fulfill(refusal));
      await page.goto(app);
      if (name !== 'oidc-client-ts') await signInAt(page, app);
      else await signIn(page);
      await isAt(page, `${app}/`, 'signed in');
      const answer = `${CALL[name]}('/me').then(async (answer) => answer.status ? answer.status + ' ' + await answer.text() : answer)`;
      assert.equal(await page.evaluate(answer), '401 refused');
      await idp.logoutUser('abdullah');
      await page.evaluate(`void ${CALL[name]}('/me')`);
      await page.waitForFunction("document.title !== 'signed in'");
    });

  test('oidc-client-ts: a token that has expired leads to the login', async (t) => {
    const { idp, page, app } = await setUpOwnPage(t, 'oidc-client-ts');
    await page.goto(app);
    await signIn(page);
    await isAt(page, `${app}/`, 'signed in');
    await idp.logoutUser('abdullah');
    await page.evaluate(() => {
      const [key = ''] = Object.keys(sessionStorage).filter((key) => key.startsWith('oidc.user'));
      sessionStorage.setItem(key, JSON.stringify({ ...JSON.parse(sessionStorage[key]), expires_at: 1 }));
    });
    await page.reload().catch(() => {});
    await page.waitForSelector('#kc-form-login');
  });
});
