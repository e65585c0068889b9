// The address of a page survives the sign-in, by the programs of the documentation.
import { describe, test } from 'node:test';
import { signIn } from './front-end.ts';
import { isAt, setUpOwnPage } from './own-page.ts';

const PATHS = ['/', '/orders/5', '/?tab=1', '/orders/5?tab=1&q=a%20b#part', '/#/orders/5', '//orders'];

// The browser waits more than it works.
describe('the address of a page', { concurrency: true }, () => {
  test('keycloak-js: every address is there again after the sign-in, a reload and in a second tab', async (t) => {
    const { page, app } = await setUpOwnPage(t, 'keycloak-js');
    await page.goto(`${app}/orders/5?tab=1#part`);
    await isAt(page, `${app}/orders/5?tab=1#part`, 'signed out');
    await page.evaluate('signIn()').catch(() => {});
    await page.waitForSelector('#kc-form-login');
    await signIn(page);
    await isAt(page, `${app}/orders/5?tab=1#part`, 'signed in');
    const other = await page.context().newPage();
    for (const path of PATHS) {
      await Promise.all([page.goto(app + path), other.goto(`${app}/other${path}`)]);
      await isAt(page, app + path, 'signed in');
      await isAt(other, `${app}/other${path}`, 'signed in');
      await page.reload();
      await isAt(page, app + path, 'signed in');
    }
  });

  test('oidc-client-ts: every address is there again after the sign-in and a reload', async (t) => {
    const { page, app } = await setUpOwnPage(t, 'oidc-client-ts');
    let isFirst = true;
    for (const path of PATHS) {
      await page.goto(app + path).catch(() => {});
      if (isFirst) {
        await page.waitForSelector('#kc-form-login');
        await signIn(page);
        isFirst = false;
      }
      await isAt(page, app + path, 'signed in');
      await page.reload();
      await isAt(page, app + path, 'signed in');
      await page.evaluate('sessionStorage.clear()');
    }
  });
});
