import assert from 'node:assert/strict';
import { after, before, describe, type TestContext, test } from 'node:test';
import type { Connection } from '../../packages/guard/src/adapters/engine/internal.ts';
import type { SessionEvent } from '../../packages/guard/src/session/index.ts';
import { collectLog } from '../server/service.ts';
import { startTestIdp } from '../support/dev-idp.ts';
import { eventually } from '../support/eventually.ts';
import { freezeTime } from '../support/freeze-time.ts';
import { ORIGIN, openBrowser } from './browser.ts';
import { buildSessionApp, type TestIdp } from './session-app.ts';

const PAGE = { accept: 'text/html', 'sec-fetch-dest': 'document', 'sec-fetch-mode': 'navigate' };
const HERE = { ...PAGE, 'sec-fetch-site': 'same-origin' };
const ELSEWHERE = { ...PAGE, 'sec-fetch-site': 'cross-site' };

let shared: TestIdp | undefined;

/** An app of a realm with organizations: abdullah is a member of two. */
async function setUp(
  t: TestContext,
  session: { scope?: string; stepUp?: boolean } = {},
  clock: () => number = Date.now,
) {
  const events: string[] = [];
  const onEvent = ({ type, reason }: SessionEvent) => void events.push(`${type} ${reason}`);
  const log = collectLog();
  const { app, idp } = await buildSessionApp(t, {
    ...(shared && { idp: shared }),
    clock,
    log: log.stream,
    keycloak: { tenants: 'organizations' },
    session: { onEvent, ...session },
  });
  const members = [{ username: 'abdullah' }];
  const organizations = [
    { name: 'Acme', alias: 'acme', members },
    { name: 'Globex', alias: 'globex', members },
    { name: 'Initech', alias: 'initech', members: [{ username: 'sara' }] },
  ];
  idp.updateRealm({ organizationsEnabled: true, organizations });
  app.get('/orgs/:org', { onRequest: app.guard({ tenant: ':org' }) }, ({ principal }) => principal?.tenant);
  app.get('/tenant', { onRequest: app.guard() }, ({ principal }) => principal?.tenant ?? 'none');
  const browser = openBrowser(app);
  const tenant = async () => (await browser.app({ url: '/tenant' })).body;
  /** To Keycloak and back. */
  async function follow(location: unknown) {
    const back = new URL(await browser.signInAt(String(location)));
    return browser.app({ url: `${back.pathname}${back.search}`, headers: PAGE });
  }
  return { idp, app, log, browser, events, tenant, follow, organizations };
}

describe('sessions of organizations', () => {
  before(async () => {
    shared = await startTestIdp();
  });
  after(async () => {
    await shared?.close();
    shared = undefined;
  });

  test('a session acts for the organization that was chosen at the login, and for no other', async (t) => {
    const { browser, tenant } = await setUp(t);
    assert.equal((await browser.signIn('abdullah', '?organization=acme')).statusCode, 303);
    assert.equal(await tenant(), 'acme');
    assert.equal((await browser.app({ url: '/orgs/acme' })).body, 'acme');
    assert.equal((await browser.app({ url: '/orgs/globex' })).statusCode, 403);
    const { organization, organizations } = (await browser.app({ url: '/auth/session' })).json();
    assert.deepEqual([organization, organizations], ['acme', ['acme']]);
  });

  test('with all of them in the token, one is active all the same', async (t) => {
    const { browser, tenant, follow } = await setUp(t, { scope: 'openid organization:*' });
    await browser.signIn();
    assert.equal(await tenant(), 'none', 'none was chosen');
    for (const org of ['acme', 'globex']) {
      assert.equal((await browser.app({ url: `/orgs/${org}` })).statusCode, 403, 'and so none is met');
    }
    const begun = await browser.app({ url: '/auth/login?organization=globex', headers: HERE });
    assert.equal(new URL(String(begun.headers.location)).searchParams.get('scope'), 'openid organization:*');
    await follow(begun.headers.location);
    assert.equal(await tenant(), 'globex');
    assert.equal((await browser.app({ url: '/orgs/acme' })).statusCode, 403);
    assert.deepEqual((await browser.app({ url: '/auth/session' })).json().organizations.toSorted(), [
      'acme',
      'globex',
    ]);
  });

  test('a switch asks for nothing but the organization, and begins a session of a new id', async (t) => {
    const { browser, tenant, follow, events } = await setUp(t, {
      scope: 'openid organization organization:initech email',
    });
    await browser.signIn('abdullah', '?organization=acme');
    const before = browser.session;
    const sent = await browser.app({ url: '/orgs/globex?a=1', headers: HERE });
    assert.equal(sent.statusCode, 303);
    const begun = await browser.app({ url: String(sent.headers.location), headers: HERE });
    const asked = new URL(String(begun.headers.location)).searchParams;
    assert.equal(asked.get('scope'), 'openid email organization:globex');
    for (const name of ['prompt', 'max_age', 'acr_values']) assert.equal(asked.get(name), null, name);
    const done = await follow(begun.headers.location);
    assert.equal(new URL(String(done.headers.location)).pathname, '/orgs/globex');
    assert.notEqual(browser.session, before);
    assert.equal(await tenant(), 'globex');
    const old = await browser.app({ url: '/orgs/acme', headers: { cookie: before } });
    assert.equal(old.statusCode, 401, 'the cookie of the other one is over');
    assert.deepEqual(events, ['started login', 'ended replaced', 'started login']);
  });

  test('who is no member is told so, and keeps the session', async (t) => {
    const { browser, tenant, follow, events } = await setUp(t);
    await browser.signIn('abdullah', '?organization=acme');
    const before = browser.session;
    const sent = await browser.app({ url: '/orgs/initech', headers: HERE });
    const begun = await browser.app({ url: String(sent.headers.location), headers: HERE });
    const done = await follow(begun.headers.location);
    assert.equal(done.statusCode, 403);
    assert.match(
      done.body,
      /not a member of that organization.*<a href="\/">Home</s,
      'a new login would drop acme',
    );
    assert.equal(browser.session, before);
    assert.equal(await tenant(), 'acme');
    assert.deepEqual(events, ['started login', 'login_failed not_member']);
  });

  test('of an organization that does not exist the person reads the same, and the log says which, and what else it may be', async (t) => {
    const { browser, tenant, log } = await setUp(t);
    await browser.signIn('abdullah', '?organization=acme');
    const sent = await browser.app({ url: '/orgs/nosuch', headers: HERE });
    const begun = await browser.app({ url: String(sent.headers.location), headers: HERE });
    const { headers } = await fetch(String(begun.headers.location), { redirect: 'manual' });
    const back = new URL(headers.get('location') ?? assert.fail());
    const done = await browser.app({ url: `${back.pathname}${back.search}`, headers: PAGE });
    assert.equal(done.statusCode, 403);
    assert.match(done.body, /not a member of that organization, or there is none of that name/);
    const line = log.lines().find(({ msg }) => /a scope of this sign-in/.test(String(msg)));
    assert.match(String(line?.msg), /organization:nosuch$/);
    assert.match(String(line?.fix), /client scope organization; else .*parameterized-scopes/);
    assert.equal(line?.level, 30, 'whoever begins a sign-in can bring it about');
    assert.equal(await tenant(), 'acme');
  });

  test('a form for another organization is refused with the active one, and switches nothing', async (t) => {
    const { app, browser, tenant } = await setUp(t);
    app.post('/orgs/:org', { onRequest: app.guard({ tenant: ':org' }) }, () => 'done');
    await browser.signIn('abdullah', '?organization=acme');
    const headers = {
      ...HERE,
      referer: `${ORIGIN}/orgs/globex`,
      'content-type': 'application/x-www-form-urlencoded',
    };
    const refused = await browser.app({ method: 'POST', url: '/orgs/globex', headers, payload: 'a=1' });
    assert.equal(refused.statusCode, 403);
    assert.match(refused.body, /signed in as [^<]*, for the organization acme\./);
    assert.equal(await tenant(), 'acme');
  });

  test('what is no page, and what names no organization, is refused and sent nowhere', async (t) => {
    const { browser } = await setUp(t);
    await browser.signIn('abdullah', '?organization=acme');
    const requests = [
      { url: '/orgs/globex', headers: { accept: 'application/json' } },
      { url: '/orgs/globex', headers: { ...HERE, 'sec-fetch-mode': 'cors' } },
      ...['a%20offline_access', '*', 'a%22b', 'a%0ab', 'x'.repeat(256), 'a%5Cb', 'a%C2%A0b'].map((org) => ({
        url: `/orgs/${org}`,
        headers: HERE,
      })),
    ];
    for (const request of requests) {
      const { statusCode } = await browser.app(request);
      // A parameter that is too long is refused by Fastify.
      assert.ok([403, 414].includes(statusCode), `${request.url}: ${statusCode}`);
    }
  });

  test('the query asks for one organization, and for no other scope', async (t) => {
    const { browser } = await setUp(t);
    const scopeOf = async (query: string) => {
      const begun = await browser.app({ url: `/auth/login?${query}` });
      return new URL(String(begun.headers.location)).searchParams.get('scope');
    };
    assert.equal(await scopeOf('organization=acme'), 'openid organization:acme');
    assert.equal(await scopeOf('organization=stra%C3%9Fe'), 'openid organization:straße');
    for (const query of [
      ...['organization=', 'organization=*', 'organization=acme%20offline_access', 'organization=acme%09x'],
      ...[
        'organization=acme&organization=globex',
        `organization=${'x'.repeat(256)}`,
        'scope=admin',
        'organization=a%00',
      ],
    ]) {
      assert.equal(await scopeOf(query), 'openid', query);
    }
  });

  test('a link of another site is asked about first, and what is asked cannot be forged', async (t) => {
    const { browser, tenant, follow } = await setUp(t);
    await browser.signIn('abdullah', '?organization=acme');
    const sent = await browser.app({ url: '/orgs/globex', headers: ELSEWHERE });
    for (const url of [
      String(sent.headers.location),
      '/auth/login?organization=globex&return_to=/orgs/globex',
    ]) {
      for (const site of ['cross-site', 'same-site', 'whatever']) {
        const asked = await browser.app({ url, headers: { ...PAGE, 'sec-fetch-site': site } });
        assert.equal(asked.statusCode, 200);
        assert.match(asked.body, /Switch the organization\?.*leads to globex, and/s);
        assert.match(
          String(asked.headers['content-security-policy']),
          /default-src 'none'.*frame-ancestors 'none'/,
        );
        assert.equal(asked.headers['cache-control'], 'no-store');
      }
    }
    assert.equal(await tenant(), 'acme');
    const odd = '/auth/login?organization=%3Cscript%3E%26&return_to=%22%3E%3Cscript%3Ealert(1)%3C/script%3E';
    const { body } = await browser.app({ url: odd, headers: ELSEWHERE });
    assert.match(body, /leads to &#60;script&#62;&#38;, and/);
    assert.doesNotMatch(body, /<script/);

    const asked = await browser.app({ url: String(sent.headers.location), headers: ELSEWHERE });
    const link = /<a href="([^"]+)">Switch</.exec(asked.body)?.[1]?.replaceAll('&#38;', '&') ?? '';
    const begun = await browser.app({ url: link, headers: HERE });
    const done = await follow(begun.headers.location);
    assert.equal(new URL(String(done.headers.location)).pathname, '/orgs/globex');
    assert.equal(await tenant(), 'globex');
  });

  test('who is not signed in, or acts for none yet, is asked nothing', async (t) => {
    const { browser } = await setUp(t);
    const url = '/auth/login?organization=globex';
    assert.equal((await browser.app({ url, headers: ELSEWHERE })).statusCode, 303);
    await browser.signIn();
    assert.equal((await browser.app({ url, headers: ELSEWHERE })).statusCode, 303);
  });

  test('who has to sign in more strongly goes on for the same organization, and is asked nothing first', async (t) => {
    const { app, browser } = await setUp(t);
    app.get('/gold', { onRequest: app.guard({ acr: 'gold' }) }, () => 'gold');
    await browser.signIn('abdullah', '?organization=acme');
    const sent = await browser.app({ url: '/gold', headers: ELSEWHERE });
    const begun = await browser.app({ url: String(sent.headers.location), headers: ELSEWHERE });
    assert.equal(begun.statusCode, 303);
    const asked = new URL(String(begun.headers.location)).searchParams;
    assert.deepEqual([asked.get('acr_values'), asked.get('scope')], ['gold', 'openid organization:acme']);
  });

  test('stepUp: false leaves the refusal', async (t) => {
    const { browser } = await setUp(t, { stepUp: false });
    await browser.signIn('abdullah', '?organization=acme');
    assert.equal((await browser.app({ url: '/orgs/globex', headers: HERE })).statusCode, 403);
  });
});

for (const [scope, by] of [
  ['openid', 'the organization that was asked for'],
  ['openid organization:*', 'all of them'],
] as const) {
  test(`a connection of a session ends with the membership, at the next token: ${by}`, async (t) => {
    freezeTime(t);
    let now = Date.now();
    const { app, idp, browser, tenant, organizations } = await setUp(t, { scope }, () => now);
    const open: Connection[] = [];
    app.get('/watch', async (request) => {
      for (const required of [{ tenant: 'acme' }, {}])
        open.push(await app.guardConnection(request, required));
      return open.map(({ principal }) => principal.tenant);
    });
    await browser.signIn('abdullah', '?organization=acme');
    assert.deepEqual((await browser.app({ url: '/watch' })).json(), ['acme', 'acme']);
    idp.updateRealm({
      organizations: organizations.map((one) => (one.alias === 'acme' ? { ...one, members: [] } : one)),
    });
    for (const { verify } of open) assert.equal((await verify()).tenant, 'acme', 'the token still says so');
    now += 301_000;
    idp.advanceClock(301);
    await eventually('both have ended', () => open.every(({ signal }) => signal.aborted), 15_000);
    // Where Keycloak does not renew a token for that organization, the session ends.
    for (const { signal } of open) assert.match(signal.reason.code, /^(?:tenant_refused|missing_token)$/);
    assert.notEqual((await browser.app({ url: '/orgs/acme' })).statusCode, 200);
    assert.notEqual(await tenant(), 'acme');
  });
}
