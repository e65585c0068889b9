import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { launchChromium } from '../../support/chromium.ts';
import { claimsOf, createCaller, OTHER, type Tokens } from './caller.ts';
import type { Target, TestRealm } from './target.ts';

const PICTURES = process.env.PICTURES;

/** What a person sees, in a real browser. */
export function defineChromiumJourney(target: Target): void {
  describe(`Chromium with the provider: ${target.name}`, () => {
    let realm: TestRealm;
    let browser: Browser;
    let page: Page;
    let app: string;
    const server = createServer((_request, response) => {
      response.setHeader('content-type', 'text/html').end('<title>the client</title>');
    });
    before(async () => {
      realm = await target.open();
      await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
      app = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      browser = await launchChromium();
      page = await browser.newPage({ viewport: { width: 900, height: 700 } });
    });
    after(async () => {
      await browser?.close();
      server.close();
      await realm?.close();
    });
    const authUrl = (more: Record<string, string> = {}) => {
      const query = new URLSearchParams({
        client_id: OTHER.client_id,
        response_type: 'code',
        redirect_uri: `${app}/callback`,
        scope: 'openid',
        ...more,
      });
      return `${realm.issuer}/protocol/openid-connect/auth?${query}`;
    };
    const shows = async (name: string) => {
      if (PICTURES) await page.screenshot({ path: `${PICTURES}/${target.name}-${name}.png` });
    };

    it('signs in after a mistake, stays signed in, and signs out', async () => {
      await page.goto(authUrl());
      await shows('login');
      await page.fill('#username', 'abdullah');
      await page.fill('#password', 'wrong');
      await page.click('#kc-login');
      await page.getByText('Invalid username or password.').waitFor();
      await shows('mistake');
      await page.fill('#password', 'Test#123456');
      await page.click('#kc-login');
      await page.waitForURL(`${app}/callback?*`);

      const code = new URL(page.url()).searchParams.get('code') ?? '';
      const answer = await createCaller(realm).token({
        ...OTHER,
        grant_type: 'authorization_code',
        code,
        redirect_uri: `${app}/callback`,
      });
      const { id_token } = answer.json as Tokens;
      assert.equal(claimsOf(id_token).preferred_username, 'abdullah');

      await page.goto(authUrl({ prompt: 'none' }));
      assert.ok(new URL(page.url()).searchParams.get('code'));

      const logout = new URLSearchParams({ id_token_hint: id_token, post_logout_redirect_uri: `${app}/bye` });
      await page.goto(`${realm.issuer}/protocol/openid-connect/logout?${logout}`);
      assert.equal(page.url(), `${app}/bye`);
      await page.goto(authUrl({ prompt: 'none' }));
      assert.equal(new URL(page.url()).searchParams.get('error'), 'login_required');
    });

    it('shows a name made of script as text', async () => {
      let alerted = false;
      page.on('dialog', (dialog) => {
        alerted = true;
        void dialog.dismiss();
      });
      await page.goto(authUrl());
      await page.fill('#username', '"><script>alert(1)</script><img src=x onerror=alert(2)>');
      await page.fill('#password', 'x');
      await page.click('#kc-login');
      await page.getByText('Invalid username or password.').waitFor();
      assert.equal(alerted, false);
    });
  });
}
