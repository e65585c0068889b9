import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fastify from 'fastify';
import { keycloakGuard, keycloakSession } from '../../../packages/guard/src/adapters/fastify/index.ts';
import { createClient } from '../../../packages/guard/src/client/index.ts';
import { plainFetch } from '../../../packages/testing/src/sign-in.ts';
import { launchChromium, reachOnly } from '../../support/chromium.ts';
import { requireKeycloak } from '../support/real-keycloak.ts';
import { createStepUpRealm, type StepUpRealm } from '../support/step-up-realm.ts';

const keycloak = requireKeycloak();
let where: StepUpRealm;

before(async () => {
  where = await createStepUpRealm(keycloak);
});
after(() => where?.remove());

/** An app with pages for who signed in, for gold, and for gold of a moment ago. */
async function startApp(clientId: string) {
  const options = { serverUrl: keycloak.url, realm: where.realm, clientId, clientSecret: where.secret };
  const app = fastify();
  await app.register(keycloakGuard, { ...options, acrLevels: { silver: 1, gold: 2 } });
  await app.register(keycloakSession, {
    client: createClient(options),
    secret: 'b7f3c1d95e0a4826b7f3c1d95e0a4826',
  });
  const whoIs = (request: { principal: { acr: string | null } | null }) => `acr ${request.principal?.acr}`;
  app.get('/any', { onRequest: app.guard() }, whoIs);
  app.get('/gold', { onRequest: app.guard({ acr: ['gold'] }) }, whoIs);
  app.get('/fresh', { onRequest: app.guard({ acr: ['gold'], maxAge: 1 }) }, whoIs);
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  return { app, url, client: createClient(options) };
}

/** A browser that fills in what Keycloak asks for, and remembers what that was. */
function openBrowser(user: { username: string; password: string }) {
  const jars = new Map<string, Map<string, string>>();
  return async (start: string) => {
    const asked: string[] = [];
    let [url, init]: [string, RequestInit] = [start, {}];
    for (let i = 0; i < 20; i++) {
      const { origin } = new URL(url);
      const jar = jars.get(origin) ?? new Map<string, string>();
      jars.set(origin, jar);
      const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
      const headers = {
        cookie,
        accept: 'text/html',
        'sec-fetch-dest': 'document',
        'sec-fetch-mode': 'navigate',
      };
      const answer = await plainFetch(url, { ...init, headers });
      for (const line of answer.headers.getSetCookie()) {
        const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
        if (value === '' || /max-age=0/i.test(line)) jar.delete(name);
        else jar.set(name, value);
      }
      const location = answer.headers.get('location');
      const text = await answer.text();
      const action = /<form[^>]*action="([^"]+)"/.exec(text)?.[1]?.replaceAll('&amp;', '&');
      if (location !== null) [url, init] = [new URL(location, url).href, {}];
      else if (action === undefined || origin !== new URL(keycloak.url).origin) {
        return { status: answer.status, text, asked, path: new URL(url).pathname };
      } else {
        const isCode = /name="otp"/.test(text);
        asked.push(isCode ? 'code' : 'password');
        const fields = isCode ? { otp: where.code() } : { ...user };
        [url, init] = [new URL(action, url).href, { method: 'POST', body: new URLSearchParams(fields) }];
      }
    }
    throw new Error(`went round in a circle: ${asked}`);
  };
}

test('a page that wants gold gets it: password at first, then the code alone, and back to the page', async () => {
  const { app, url } = await startApp('strong');
  try {
    const go = openBrowser(where.carol);
    const first = await go(`${url}/auth/login?return_to=/any`);
    assert.deepEqual([first.status, first.text, first.asked], [200, 'acr silver', ['password']]);
    const gold = await go(`${url}/gold?a=b`);
    assert.deepEqual([gold.status, gold.text, gold.asked, gold.path], [200, 'acr gold', ['code'], '/gold']);
    assert.deepEqual((await go(`${url}/gold`)).asked, []);
    // A sign-in of a second ago, within what clocks may differ.
    await new Promise((resolve) => setTimeout(resolve, 7_000));
    const fresh = await go(`${url}/fresh`);
    assert.equal(fresh.status, 200, fresh.text);
    assert.deepEqual(fresh.asked, ['password', 'code']);
  } finally {
    await app.close();
  }
});

test('in Chromium: password, a page that wants gold, the code alone, and the page', async () => {
  const { app, url } = await startApp('strong');
  const browser = await launchChromium(reachOnly('127.0.0.1', 'localhost'));
  try {
    const page = await browser.newPage();
    page.setDefaultTimeout(60_000);
    const seen: string[] = [];
    page.on('framenavigated', (frame) => {
      if (frame === page.mainFrame()) seen.push(frame.url().split('?', 1)[0] ?? '');
    });
    const shows = async (text: string) => {
      await page.locator('body', { hasText: text }).waitFor();
      assert.equal(await page.locator('body').textContent(), text);
    };
    await page.goto(`${url}/auth/login?return_to=/any`);
    await page.locator('#username').fill(where.carol.username);
    await page.locator('#password').fill(where.carol.password);
    await page.locator('#kc-login').click();
    await shows('acr silver');

    await page.goto(`${url}/gold?a=b`);
    await page.locator('#otp').waitFor();
    assert.equal(await page.locator('#password').count(), 0, 'the password is not asked for again');
    await page.locator('#otp').fill(where.code());
    await page.locator('#kc-login').click();
    await shows('acr gold');
    assert.equal(page.url(), `${url}/gold?a=b`);

    const before = seen.length;
    await page.goto(`${url}/gold?c=d`);
    await shows('acr gold');
    assert.deepEqual(seen.slice(before), [`${url}/gold`], 'nobody is asked twice');
  } finally {
    await browser.close();
    await app.close();
  }
});

test('a client whose login knows no levels: the person is told, and stays signed in', async () => {
  const { app, url } = await startApp('weak');
  try {
    const go = openBrowser(where.dave);
    await go(`${url}/auth/login?return_to=/any`);
    const gold = await go(`${url}/gold`);
    assert.equal(gold.status, 403);
    assert.match(gold.text, /This sign-in is not enough/);
    assert.equal((await go(`${url}/any`)).status, 200);
  } finally {
    await app.close();
  }
});

test('an API client is told what to ask for, and a token of a password grant has neither', async () => {
  const { app, url, client } = await startApp('strong');
  try {
    const { accessToken } = await client.passwordGrant(where.dave);
    const headers = { authorization: `Bearer ${accessToken}` };
    assert.equal(await (await fetch(`${url}/any`, { headers })).text(), 'acr silver');
    for (const [path, challenge] of [
      ['/gold', /error="insufficient_user_authentication", .*acr_values="gold"$/],
      ['/fresh', /acr_values="gold", max_age="1"$/],
    ] as const) {
      const answer = await fetch(`${url}${path}`, { headers });
      assert.equal(answer.status, 401);
      assert.match(String(answer.headers.get('www-authenticate')), challenge);
    }
  } finally {
    await app.close();
  }
});
