import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { describe, test } from 'node:test';
import type { Notice } from '../../../packages/guard/src/core/index.ts';
import { createTestRealm } from '../../support/test-realm.ts';
import { type Adapter, startApp } from './adapter.ts';
import { setUpSession } from './session.ts';
import { assertRefused, assertUser, ofEngine, without } from './set-up.ts';

const DENIED = [403, 'Bearer error="insufficient_scope"', 'Not enough permissions'] as const;
const BOTH = { acme: { id: '6b1f4f7c-6f5c-4a94-8f0f-2f4b8f2a1c11' }, globex: { id: 'acme-2' } };

/** Requirements that depend on the request: tenants and organizations above all. */
export function describeTenants(adapter: Adapter): void {
  const isElsewhere = without(adapter, 'inProcess');

  async function setUp(t: Parameters<typeof startApp>[0], asks?: (request: unknown) => unknown) {
    const realm = createTestRealm();
    const notices: Notice[] = [];
    const denied: string[] = [];
    const { serverUrl, realm: name, clientId, fetch, clock } = realm;
    const app = await startApp(t, adapter, {
      keycloak: {
        ...{ serverUrl, realm: name, clientId, fetch, clock, tenants: 'organizations' },
        onNotice: (notice) => void notices.push(notice),
      },
      onDenied: ({ code }) => void denied.push(code),
      ...(asks && { asks }),
    });
    const call = app.fetch ?? globalThis.fetch;
    const get = (path: string, token: string) =>
      call(`${app.url}${path}`, { headers: { authorization: `Bearer ${token}` } });
    const clear = () => notices.filter(({ code }) => code === 'requirement_unclear');
    return { realm, app, get, denied, unclear: clear };
  }

  describe(`${adapter.name}, requirements by the request`, () => {
    test('a route of a tenant lets its members in, and says which tenant it is', isElsewhere, async (t) => {
      const { realm, get, denied } = await setUp(t);
      const token = realm.mint({ organization: BOTH });
      for (const path of ['/orgs', '/members']) {
        for (const org of ['acme', 'globex', '%61cme']) {
          const name = decodeURIComponent(org);
          const answer = await get(`${path}/${org}`, token);
          const tenant = path === '/orgs' ? name : null;
          assert.deepEqual([answer.status, await answer.json()], [200, { org: name, tenant }]);
        }
        for (const claim of [undefined, [], {}, ['globex'], 'globex', { globex: { id: 'acme' } }]) {
          await assertRefused(await get(`${path}/acme`, realm.mint({ organization: claim })), ...DENIED);
        }
      }
      assert.deepEqual(new Set(denied), new Set(['tenant_refused', 'organization_missing']));
    });

    test('of a member of one, the tenant is known on every route', ofEngine(adapter), async (t) => {
      const { realm, get } = await setUp(t);
      const answer = await get('/members/acme', realm.mint({ organization: ['acme'] }));
      assert.deepEqual(await answer.json(), { org: 'acme', tenant: 'acme' });
    });

    test('another spelling of an organization is another organization', isElsewhere, async (t) => {
      const { realm, get } = await setUp(t);
      const token = realm.mint({ organization: { ...BOTH, straße: {}, 'a/b': {}, ':org': {} } });
      const others = [
        ...['ACME', 'acme%20', '%20acme', 'acme%00', 'acm%D0%B5', 'acme%E2%80%8B', '%EF%BD%81cme'],
        ...['acme,globex', 'acme%2Cglobex', '%5B%22acme%22%5D', 'acme%2F..%2Fglobex', 'strasse', 'initech'],
        ...['%2561cme', '__proto__', 'constructor', 'toString', 'undefined', 'null', '*', '%2A', '.*'],
        ...[BOTH.acme.id, BOTH.globex.id, '%20', '%C2%A0'],
      ];
      for (const path of ['/orgs', '/members']) {
        for (const org of others) {
          const answer = await get(`${path}/${org}`, token);
          assert.ok([400, 403, 404].includes(answer.status), `${path}/${org}: ${answer.status}`);
        }
        for (const org of ['stra%C3%9Fe', 'a%2Fb', ':org']) {
          const { status, ok } = await get(`${path}/${org}`, token);
          // A slash may be one for the router; what it lets through is the organization of that name.
          assert.ok(ok || (org === 'a%2Fb' && status === 404), `${path}/${org}: ${status}`);
        }
      }
    });

    test('a path is decided on as the router reads it, byte by byte', {
      ...without(adapter, adapter.lacks?.includes('http1') ? 'http1' : 'inProcess'),
    }, async (t) => {
      const { realm, app } = await setUp(t);
      const { token } = { token: realm.mint({ organization: ['acme'] }) };
      const tricks = [
        ...['/orgs/globex', '/orgs/globex/', '//orgs/globex', '/orgs//globex', '/orgs/acme/../globex'],
        ...[
          '/orgs/acme%2f..%2fglobex',
          '/orgs/%2e%2e/orgs/globex',
          '/orgs/acme/%2e%2e/globex',
          '/orgs/.%2e/x',
        ],
        ...['/orgs/acme;/globex', '/orgs/globex;acme', '/orgs/globex?org=acme', '/orgs/globex?/orgs/acme'],
        ...['/orgs/globex#/acme', '/orgs/acme\\..\\globex', '/orgs/%zz', '/orgs/%', '/orgs/acme%', '/orgs/'],
        ...['/orgs/%c0%aeacme', '/orgs/acme%0d%0aglobex', '/ORGS/globex', '/Orgs/GLOBEX', '/orgs/g%6cobex'],
        ...['/orgs/%67lobex', 'http://evil.example/orgs/globex', '/orgs/acme/globex', '/orgs/globex/acme'],
      ];
      for (const path of tricks) {
        const { status, body } = await sendTarget(app.url, path, token);
        if (status !== 200) continue;
        const { org, tenant } = JSON.parse(body) as { org: string; tenant: string };
        assert.deepEqual([org, tenant], ['acme', 'acme'], `${path} ran for ${org}`);
      }
    });

    test('a parameter that the route does not have lets nobody in, and is reported once', {
      ...without(adapter, adapter.lacks?.includes('parameters') ? 'parameters' : 'inProcess'),
    }, async (t) => {
      const { realm, get, denied, unclear } = await setUp(t);
      for (let i = 0; i < 2; i++) {
        await assertRefused(await get('/lost/acme', realm.mint({ organization: ['acme'] })), ...DENIED);
      }
      assert.deepEqual(denied, ['requirement_unclear', 'requirement_unclear']);
      assert.deepEqual(
        unclear().map(({ level, message }) => [level, message]),
        [
          [
            'error',
            'A guard refused GET /lost/acme: the route has no parameter nothing, or it is empty or a list',
          ],
        ],
      );
    });

    const fail = () => {
      throw new Error('no such customer');
    };
    const silent: readonly (readonly [string, () => unknown])[] = [
      ['undefined', () => undefined],
      ['null', () => null],
      ['true', () => true],
      ['a string', () => 'acme'],
      ['a list', () => [{ organization: 'acme' }]],
      ['no requirement', () => ({})],
      ['a promise', async () => ({ organization: 'acme' })],
      ['a promise that rejects', () => Promise.reject(new Error('no such customer'))],
      ['a function', () => () => ({ organization: 'acme' })],
      ['a Map', () => new Map([['organization', 'acme']])],
      ['inherited members', () => Object.create({ organization: 'acme' })],
      ['an undefined organization', () => ({ organization: undefined })],
      ['an empty organization', () => ({ organization: '' })],
      ['a blank organization', () => ({ organization: ' ' })],
      ['no organizations', () => ({ organization: [] })],
      ['an organization that is a promise', () => ({ organization: Promise.resolve('acme') })],
      ['an organization without a name', () => ({ organization: { alias: undefined } })],
      ['an undefined tenant', () => ({ tenant: undefined })],
      ['what is misspelt', () => ({ organisation: 'acme' })],
      ['optional', () => ({ optional: true, organization: 'acme' })],
      ['an empty alternative', () => ({ anyOf: [{}] })],
      ['an error', fail],
      ['a name of a parameter', () => ({ organization: ':org' })],
    ];
    test(
      'a function that gives nothing, or not what it seems to, lets nobody in',
      ofEngine(adapter),
      async (t) => {
        let given: () => unknown = () => ({ organization: 'acme' });
        const { realm, get, denied, unclear } = await setUp(t, () => given());
        const token = realm.mint({ organization: ['acme'] });
        await assertUser(await get('/asked', token));
        for (const [what, gives] of silent) {
          given = gives;
          const answer = await get('/asked', token);
          assert.equal(answer.status, 403, what);
          await assertRefused(answer, ...DENIED);
        }
        given = () => ({ organization: 'acme' });
        await assertUser(await get('/asked', token));
        assert.deepEqual(denied, [
          ...silent.slice(1).map(() => 'requirement_unclear'),
          'organization_missing',
        ]);
        assert.ok(
          unclear().every(({ message }) => message.startsWith('A guard refused GET /asked: its function ')),
        );
        assert.ok(unclear().length > 10);
      },
    );

    test('a function is called for callers alone, with the framework’s request', isElsewhere, async (t) => {
      const asked: unknown[] = [];
      const { realm, app, get } = await setUp(t, (request) => {
        asked.push(request);
        return { organization: 'acme' };
      });
      const call = app.fetch ?? globalThis.fetch;
      assert.equal((await call(`${app.url}/asked`)).status, 401);
      assert.equal((await get('/asked', 'garbage')).status, 401);
      assert.equal(asked.length, 0);
      await assertUser(await get('/asked', realm.mint({ organization: ['acme'] })));
      assert.equal(typeof asked[0], 'object');
      assert.equal(asked.length, 1);
    });

    test('what one caller was let in by lets no other in', ofEngine(adapter), async (t) => {
      const { realm, get } = await setUp(t);
      const [acme, globex] = [['acme'], ['globex']].map((organization) => realm.mint({ organization }));
      for (let i = 0; i < 3; i++) {
        assert.equal((await get('/orgs/acme', acme as string)).status, 200);
        await assertRefused(await get('/orgs/acme', globex as string), ...DENIED);
        await assertRefused(await get('/orgs/globex', acme as string), ...DENIED);
        assert.equal((await get('/orgs/globex', globex as string)).status, 200);
      }
    });

    test(
      'a person acts for one organization at a time, and changes it without signing in again',
      ofEngine(adapter),
      async (t) => {
        const { idp, app, browser, get } = await setUpSession(t, adapter, {}, { tenants: 'organizations' });
        const members = [{ username: 'abdullah' }];
        idp.updateRealm({
          organizationsEnabled: true,
          organizations: [
            { name: 'Acme', alias: 'acme', members },
            { name: 'Globex', alias: 'globex', members },
            { name: 'Initech', alias: 'initech', members: [] },
          ],
        });
        const page = async (path: string) => {
          const { response, visited } = await browser.open(`${app.url}${path}`);
          const atLogin = visited.filter((url) => url.startsWith(idp.url)).length;
          return [response.status, await response.text(), atLogin];
        };
        const acme = [200, '{"org":"acme","tenant":"acme"}'];
        const globex = [200, '{"org":"globex","tenant":"globex"}'];
        assert.deepEqual((await page('/orgs/acme')).slice(0, 2), acme, 'after the login');
        assert.deepEqual(await page('/orgs/acme'), [...acme, 0], 'it is the active one');
        assert.deepEqual(await page('/orgs/globex'), [...globex, 1], 'by way of Keycloak, without a form');
        await assertRefused(await get('/orgs/acme'), ...DENIED);
        await assertRefused(await get('/members/acme'), ...DENIED);
        assert.deepEqual(await page('/members/acme'), [...acme, 1]);
        const described = (await (await get('/auth/session')).json()) as Record<string, unknown>;
        assert.deepEqual([described.organization, described.organizations], ['acme', ['acme']]);

        const [status] = await page('/orgs/initech');
        assert.equal(status, 403, 'no member');
        assert.deepEqual(await page('/orgs/acme'), [...acme, 0], 'the session goes on');
      },
    );

    test(
      'an organization of the same alias in another realm is another one',
      ofEngine(adapter),
      async (t) => {
        const { get } = await setUp(t);
        const other = createTestRealm();
        const answer = await get('/orgs/acme', other.mint({ organization: ['acme'] }));
        assert.equal(answer.status, 401);
      },
    );
  });
}

/** A request target as it is, past every URL parser. */
function sendTarget(url: string, target: string, token: string): Promise<{ status: number; body: string }> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port) });
    let received = '';
    socket.setEncoding('utf8').on('data', (chunk) => {
      received += chunk;
    });
    socket.on('error', reject);
    socket.on('close', () => {
      const [head = '', ...rest] = received.split('\r\n\r\n');
      const text = rest.join('\r\n\r\n');
      const body = /transfer-encoding: chunked/i.test(head) ? (text.split('\r\n')[1] ?? '') : text;
      resolve({ status: Number(head.split(' ')[1]), body });
    });
    const lines = [`GET ${target} HTTP/1.1`, `Host: ${hostname}:${port}`, 'Connection: close'];
    socket.write(`${[...lines, `Authorization: Bearer ${token}`].join('\r\n')}\r\n\r\n`);
  });
}
