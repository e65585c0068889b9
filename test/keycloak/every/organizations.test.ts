import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { after, before, describe, test } from 'node:test';
import express from 'express';
import type { Browser, Page } from 'playwright-core';
import { keycloak as createGuard } from '../../../packages/guard/src/adapters/express/index.ts';
import { listen } from '../../adapters/listen.ts';
import type { RunningApp } from '../../contract/adapter/adapter.ts';
import { launchChromium, resolveTo } from '../../support/chromium.ts';
import { createOrganizationRealm, type OrganizationRealm } from '../support/organization-realm.ts';
import { readPublicUrl, requireKeycloak } from '../support/real-keycloak.ts';

const keycloak = requireKeycloak();
const [major = 0] = keycloak.version.split('.').map(Number);
const skip = major < 26 && 'this version has no organizations';
/** `ORGANIZATIONS=1000` for the figure in the documentation. */
const COUNT = Number(process.env.ORGANIZATIONS ?? 20);
const [FIRST, SECOND, THIRD, OTHER] = ['org-3', 'org-7', 'org-11', 'org-5'];

describe(`organizations of Keycloak ${keycloak.version}`, { skip }, () => {
  let where: OrganizationRealm;
  let browser: Browser;
  let publicUrl: string;
  before(async () => {
    publicUrl = await readPublicUrl(keycloak);
    where = await createOrganizationRealm(keycloak, COUNT, [FIRST, SECOND, THIRD]);
    browser = await launchChromium(resolveTo(publicUrl, keycloak.url));
  });
  after(async () => {
    await browser?.close();
    await where?.remove();
  });

  /** An application as a user writes it: three lines for `/orgs/:org`. */
  async function startApp(scope?: string): Promise<RunningApp> {
    const app = express();
    const { realm, secret } = where;
    const clientId = `app-${randomUUID().slice(0, 8)}`;
    const kc = createGuard({
      ...{
        serverUrl: keycloak.url,
        realm,
        clientId,
        clientSecret: secret,
        onNotice: false,
        logRefusals: false,
      },
      tenants: 'organizations',
    });
    app.use(kc.session({ secret: randomUUID(), ...(scope !== undefined && { scope }) }));
    app.get('/orgs/:org', kc.guard({ tenant: ':org' }), (request, response) => {
      response.send(`<title>${request.principal?.tenant}</title><a href="/orgs/${SECOND}">the second</a>`);
    });
    const running = await listen(createServer(app), () => kc.close());
    await where.addClient(clientId, running.url);
    return running;
  }

  /** Opens a page, signs in where Keycloak asks for it, and tells how often it asked. */
  async function open(page: Page, url: string): Promise<{ title: string; forms: number; ms: number }> {
    const begun = performance.now();
    await page.goto(url);
    return { ...(await settle(page)), ms: performance.now() - begun };
  }

  async function settle(page: Page): Promise<{ title: string; forms: number }> {
    let forms = 0;
    while (page.url().startsWith(publicUrl)) {
      forms++;
      const isPassword = await page.locator('input[type=password]:visible').count();
      await (isPassword ? page.fill('#password', where.password) : page.fill('#username', where.username));
      await Promise.all([page.waitForNavigation(), page.click('#kc-login')]);
    }
    return { title: await page.title(), forms };
  }

  const sessionOf = async (page: Page, app: RunningApp) =>
    (await (await page.request.get(`${app.url}/auth/session`)).json()) as {
      organization: string | null;
      organizations: string[];
    };

  for (const scope of [undefined, 'openid organization:*']) {
    test(`a member of three of ${COUNT} switches without a form (scope ${scope ?? 'openid'})`, async (t) => {
      const app = await startApp(scope);
      t.after(() => app.close());
      const page = await (await browser.newContext()).newPage();
      const first = await open(page, `${app.url}/orgs/${FIRST}`);
      assert.equal(first.title, FIRST);
      assert.ok(first.forms > 0);
      const took: number[] = [];
      for (const org of [SECOND, THIRD, FIRST, FIRST, THIRD]) {
        const { title, forms, ms } = await open(page, `${app.url}/orgs/${org}`);
        assert.deepEqual([title, forms], [org, 0]);
        took.push(Math.round(ms));
      }
      t.diagnostic(`a page of another organization took ${took.join(', ')} ms`);
      await page.getByRole('link', { name: 'the second' }).click();
      await page.waitForURL(`${app.url}/orgs/${SECOND}`);
      assert.equal(await page.title(), SECOND);
      const { organization, organizations } = await sessionOf(page, app);
      assert.equal(organization, SECOND);
      assert.deepEqual(
        organizations.toSorted(),
        scope === undefined ? [SECOND] : [FIRST, SECOND, THIRD].toSorted(),
      );

      for (const other of [OTHER, 'ORG-3', 'org-3%20organization:*', 'no-such', '*']) {
        const { title } = await open(page, `${app.url}/orgs/${other}`);
        assert.notEqual(title, other);
        assert.ok(!title.startsWith('org-'), `${other}: ${title}`);
        assert.equal((await sessionOf(page, app)).organization, SECOND, `after ${other}`);
      }
      const bare = await page.request.get(`${app.url}/orgs/${FIRST}`, { headers: { accept: '*/*' } });
      assert.equal(bare.status(), 403, 'a script is not sent anywhere');
    });
  }

  test('an organization is chosen at the login, and another site cannot change it', async (t) => {
    const app = await startApp();
    const evil = await listen(
      createServer((_request, response) => {
        response.setHeader('content-type', 'text/html');
        response.end(`<a href="${app.url}/orgs/${SECOND}">free cake</a>`);
      }),
      async () => {},
    );
    t.after(() => Promise.all([app.close(), evil.close()]));
    const page = await (await browser.newContext()).newPage();
    const login = `${app.url}/auth/login?organization=${FIRST}&return_to=/orgs/${FIRST}`;
    assert.equal((await open(page, login)).title, FIRST);
    assert.equal((await sessionOf(page, app)).organization, FIRST);

    await page.goto(evil.url.replace('127.0.0.1', 'localhost'));
    await page.getByRole('link', { name: 'free cake' }).click();
    await page.getByRole('heading', { name: 'Switch the organization?' }).waitFor();
    assert.equal((await sessionOf(page, app)).organization, FIRST);
    await page.getByRole('link', { name: 'Switch' }).click();
    await page.waitForURL(`${app.url}/orgs/${SECOND}`);
    assert.equal(await page.title(), SECOND);
  });

  test('who is taken out of an organization loses it when the token is renewed', async (t) => {
    const app = await startApp('openid organization:*');
    t.after(() => app.close());
    const page = await (await browser.newContext()).newPage();
    assert.equal((await open(page, `${app.url}/orgs/${THIRD}`)).title, THIRD);
    await where.leave(THIRD);
    t.after(() => where.join(THIRD));
    const deadline = Date.now() + 20_000;
    let status = 200;
    while (status === 200 && Date.now() < deadline) {
      const answer = await page.request.get(`${app.url}/orgs/${THIRD}`, { headers: { accept: '*/*' } });
      status = answer.status();
    }
    assert.equal(status, 403);
    const { organization, organizations } = await sessionOf(page, app);
    assert.deepEqual([organization, organizations.toSorted()], [null, [FIRST, SECOND].toSorted()]);
    const refused = await page.request.get(`${app.url}/orgs/${FIRST}`, { headers: { accept: '*/*' } });
    assert.equal(refused.status(), 403, 'no other organization takes its place');
  });
});
