import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { type KeycloakOptions, keycloak } from '../../packages/guard/src/adapters/fetch/index.ts';
import { ORIGIN } from '../session/browser.ts';
import { startTestIdp } from '../support/dev-idp.ts';
import { openFetchBrowser, SECRETS } from './fetch-browser.ts';

/** Thrown as Next.js throws. */
class Led extends Error {}

const lead = (to: string): never => {
  throw new Led(to);
};

async function setUp(
  t: TestContext,
  { publicUrl = ORIGIN, ...more }: Partial<KeycloakOptions> & { publicUrl?: string } = {},
) {
  const idp = await startTestIdp();
  const kc = keycloak(() => ({
    ...{ serverUrl: idp.url, realm: 'testing', clientId: 'fastapi-keycloak', tokenCheck: 'local' as const },
    clientSecret: 'for-development-only',
    session: { secret: SECRETS[0], publicUrl },
    logRefusals: false,
    ...more,
  }));
  t.after(async () => {
    await kc.close();
    await idp.close();
  });
  const browser = openFetchBrowser(async (request) => (await kc.handle(request)) ?? new Response('none'));
  let sent: Record<string, string> = {};
  const functions = {
    headers: async () =>
      new Headers({ ...(browser.cookies.size > 0 && { cookie: browser.session }), ...sent }),
    redirect: lead,
  };
  const withForbidden = kc.pages({ ...functions, forbidden: () => lead('forbidden.tsx') });
  const { page, action } = kc.pages(functions);
  /** The user's name, or where the person is led to. */
  const ask = async (call: () => Promise<{ username: string | null } | null>, headers = {}) => {
    sent = headers;
    return call().then(
      (principal) => principal?.username ?? null,
      (error: Error) => {
        if (error instanceof Led) return error.message.replace(ORIGIN, '');
        throw error;
      },
    );
  };
  return { idp, kc, browser, page, action, withForbidden, ask };
}

/** What a script of Next.js sends where a link is followed, and where an action is called. */
const SCRIPT = {
  rsc: '1',
  'sec-fetch-mode': 'cors',
  'sec-fetch-dest': 'empty',
  'sec-fetch-site': 'same-origin',
};
const CALL = { ...SCRIPT, 'next-action': '40a1', origin: ORIGIN, referer: `${ORIGIN}/orders?tab=1` };
const { rsc: _rsc, 'next-action': _action, ...SENT } = CALL;
/** The same without scripts. */
const FORM = { ...SENT, 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
const toLogin = (path: string) => `/auth/login?return_to=${encodeURIComponent(path)}`;

describe('pages and server actions', () => {
  test('a page without a session leads to the login and back to the page, also where a script asks for it', async (t) => {
    const { browser, page, ask } = await setUp(t);
    for (const headers of [{}, SCRIPT])
      assert.equal(await ask(() => page('/orders?tab=1'), headers), toLogin('/orders?tab=1'));
    assert.equal(await ask(() => page('/orders', { optional: true })), null);
    assert.equal(await ask(() => page('//evil.example/')), toLogin('/'));
    await browser.signIn();
    for (const headers of [{}, SCRIPT]) assert.equal(await ask(() => page('/orders'), headers), 'abdullah');
  });

  test('an action without a session leads to the login and back to the page that called it', async (t) => {
    const { browser, action, ask } = await setUp(t);
    const { referer: _, ...without } = CALL;
    assert.equal(await ask(() => action(), CALL), toLogin('/orders?tab=1'));
    assert.equal(await ask(() => action(), FORM), toLogin('/orders?tab=1'));
    assert.equal(await ask(() => action(), without), toLogin('/'));
    assert.equal(await ask(() => action(), { ...CALL, referer: 'https://evil.example/x' }), toLogin('/'));
    await browser.signIn();
    assert.equal(await ask(() => action(), CALL), 'abdullah');
  });

  test('who lacks the role is led to a page that says so: that of the application, or ours', async (t) => {
    const { browser, page, action, withForbidden, ask } = await setUp(t);
    await browser.signIn();
    const role = { realmRole: 'admin' };
    assert.equal(await ask(() => withForbidden.page('/admin', role)), 'forbidden.tsx');
    assert.equal(await ask(() => withForbidden.action(role), CALL), 'forbidden.tsx');
    assert.equal(await ask(() => withForbidden.action(role), FORM), '/auth/refused');
    assert.equal(await ask(() => page('/admin', role), SCRIPT), '/auth/refused');
    assert.equal(await ask(() => action(role), CALL), '/auth/refused');
    const shown = await browser.app({ url: '/auth/refused', headers: { accept: 'text/html' } });
    assert.deepEqual([shown.statusCode, shown.headers['cache-control']], [403, 'no-store']);
    assert.match(shown.body, /You are signed in as Abdullah .*action="\/auth\/logout"/s);
    const program = await browser.app({ url: '/auth/refused' });
    assert.deepEqual([program.statusCode, program.body], [403, '{"detail":"Not enough permissions"}']);
    browser.cookies.clear();
    const nobody = await browser.app({ url: '/auth/refused', headers: { accept: 'text/html' } });
    assert.deepEqual([nobody.statusCode, nobody.headers.location], [303, '/']);
  });

  test('a page with a token that is not good is refused by the page of the application, and one behind a proxy leads to the login', async (t) => {
    const { page, action, withForbidden, ask } = await setUp(t);
    const bad = { authorization: 'Bearer garbage' };
    assert.equal(await ask(() => withForbidden.page('/orders'), bad), 'forbidden.tsx');
    assert.equal(await ask(() => withForbidden.action(), { ...CALL, ...bad }), 'forbidden.tsx');
    await assert.rejects(
      ask(() => page('/orders'), bad),
      { name: 'AuthError', statusCode: 401 },
    );
    const basic = { authorization: 'Basic c3RhZ2U6c3RhZ2U=' };
    assert.equal(await ask(() => withForbidden.page('/orders'), basic), toLogin('/orders'));
    assert.equal(await ask(() => action(), { ...CALL, ...basic }), toLogin('/orders?tab=1'));
    assert.equal(await ask(() => page('/orders', { optional: true }), basic), null);
  });

  test('an action that a page of another site calls is refused, whatever its page would say', async (t) => {
    const { browser, action, withForbidden, ask } = await setUp(t);
    await browser.signIn();
    const foreign = { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' };
    assert.equal(await ask(() => action(), { ...FORM, ...foreign }), '/auth/refused');
    const call = () => withForbidden.action({ optional: true });
    assert.equal(await ask(call, { ...CALL, ...foreign }), 'forbidden.tsx');
  });

  test('who did not sign in strongly enough does so, and comes back to the page', async (t) => {
    const { browser, page, action, ask } = await setUp(t, { clock: () => Date.now() + 90_000 });
    await browser.signIn();
    for (const call of [() => page('/orders?tab=1', { maxAge: 60 }), () => action({ maxAge: 60 })]) {
      const led = (await ask(call, CALL)) ?? '';
      assert.ok(led.startsWith(`${toLogin('/orders?tab=1')}&step_up=`), led);
    }
  });

  test('where the app has a path of its own, addresses are whole: Next.js adds that path to others', async (t) => {
    const { idp, page, withForbidden, ask } = await setUp(t, { publicUrl: `${ORIGIN}/shop` });
    assert.equal(
      await ask(() => page('/orders')),
      `/shop/auth/login?return_to=${encodeURIComponent('/shop/orders')}`,
    );
    assert.equal(await ask(() => withForbidden.page('/orders', { optional: true })), null);
    const token = { authorization: `Bearer ${await idp.issueToken()}` };
    assert.equal(await ask(() => page('/orders', { realmRole: 'admin' }), token), '/shop/auth/refused');
  });

  test('a trouble that the person cannot mend is an error, and nobody is let in', async (t) => {
    const { browser, idp, page, action } = await setUp(t);
    await browser.signIn();
    const refused = { realmRole: 'admin', optional: 'yes' } as never;
    await assert.rejects(page('/admin', refused), { name: 'OptionsError' });
    idp.answerWithError(503);
    const token = { authorization: `Bearer ${await idp.issueToken()}` };
    const { page: bare } = keycloak({
      ...{ serverUrl: idp.url, realm: 'testing', clientId: 'fastapi-keycloak', logRefusals: false },
      session: { secret: SECRETS[0], publicUrl: ORIGIN },
    }).pages({ headers: () => new Headers(token), redirect: lead });
    await assert.rejects(bare('/'), { name: 'AuthError', statusCode: 503 });
    await assert.rejects(action({ realmRole: '' }), { name: 'OptionsError' });
  });

  test('the proxy of Next.js leads the script that calls an action, and guards what it calls all the same', async (t) => {
    const { browser, kc } = await setUp(t);
    const decide = async (headers: object, requirements = {}) => {
      const cookie = browser.cookies.size > 0 ? { cookie: browser.session } : {};
      const request = new Request(`${ORIGIN}/orders`, { method: 'POST', headers: { ...headers, ...cookie } });
      return kc.decide(Object.assign(request, { nextUrl: new URL(request.url) }), requirements);
    };
    const ledTo = async (...given: Parameters<typeof decide>) => {
      const answer = (await decide(...given)) as Response;
      return [answer.status, answer.headers.get('x-action-redirect'), await answer.text()];
    };
    assert.deepEqual(await ledTo(CALL), [200, `${ORIGIN}${toLogin('/orders?tab=1')};push`, '']);
    await browser.signIn();
    assert.deepEqual(await ledTo(CALL, { realmRole: 'admin' }), [200, `${ORIGIN}/auth/refused;push`, '']);
    assert.ok(!((await decide(CALL)) instanceof Response));
    const { 'next-action': _, ...script } = CALL;
    assert.deepEqual(await ledTo(script, { realmRole: 'admin' }), [
      403,
      null,
      '{"detail":"Not enough permissions"}',
    ]);
  });

  test('pages need to know where they are, and say so; next build needs no options', async () => {
    const options = { serverUrl: 'http://localhost:1', realm: 'testing', clientId: 'fastapi-keycloak' };
    const functions = { headers: () => new Headers(), redirect: lead };
    const session = { secret: SECRETS[0] };
    assert.throws(() => keycloak(options).pages(functions), /session/);
    assert.throws(() => keycloak({ ...options, session }).pages(functions), /session\.publicUrl/);
    const building = keycloak(() => assert.fail('the options were read')).pages({
      headers: () => lead('dynamic'),
      redirect: lead,
    });
    await assert.rejects(building.page('/'), { message: 'dynamic' });
    await assert.rejects(building.action(), { message: 'dynamic' });
  });

  test('with tenants, the host that was asked counts, and nothing behind it', async (t) => {
    const idp = await startTestIdp();
    const seen: unknown[] = [];
    const kc = keycloak({
      ...{ serverUrl: idp.url, clientId: 'fastapi-keycloak', logRefusals: false },
      tenants: {
        of: ({ hostname, path }) => {
          seen.push([hostname, path]);
          return hostname.split('.')[0];
        },
        get: () => ({ realm: 'testing' }),
      },
      session: { secret: SECRETS[0] },
    });
    t.after(async () => {
      await kc.close();
      await idp.close();
    });
    const led = async (host: string, proto = 'http') => {
      const headers = () => new Headers({ host, 'x-forwarded-proto': proto });
      return kc
        .pages({ headers, redirect: lead })
        .page('/orders')
        .catch((error: Error) => error.message);
    };
    assert.equal(await led('acme.localhost:3000'), toLogin('/orders'));
    assert.deepEqual(seen[0], ['acme.localhost', '/orders']);
    seen.length = 0;
    await led('evil/acme');
    for (const [hostname, path] of seen as [string, string][])
      assert.deepEqual([hostname, path.includes('acme')], ['', false]);
  });
});
