import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createPathEnforcer, type PathRequest } from '../../packages/connect/src/enforcer/path-enforcer.ts';
import type { PolicyEnforcerConfig } from '../../packages/connect/src/index.ts';
import { OptionsError } from '../../packages/guard/src/core/index.ts';
import { BOB, createFakeKeycloak, grant } from '../authz/fake-keycloak.ts';
import { assertRefused } from '../support/refusal.ts';

async function start(config: PolicyEnforcerConfig | undefined, ...granted: string[]) {
  const fake = createFakeKeycloak();
  grant(fake, BOB, ...granted);
  const verifier = fake.realm.verifier({ tokenCheck: 'local' });
  const enforcer = createPathEnforcer(fake.permissions({ verifier }), config);
  const bob = await verifier.verify(fake.tokenOf(BOB));
  const ask = async (
    method: string,
    url: string,
    more: Partial<PathRequest> = {},
    who: typeof bob | null = bob,
  ) => {
    try {
      await enforcer.decide({ method, url, headers: {}, ...more }, who);
      return 'in';
    } catch (error) {
      return (error as { code: string }).code;
    }
  };
  return { fake, ask, bob, enforcer };
}

const CONFIG: PolicyEnforcerConfig = {
  'enforcement-mode': 'ENFORCING',
  paths: [
    {
      path: '/orders/*',
      name: 'orders',
      methods: [
        { method: 'GET', scopes: ['view'] },
        { method: 'POST', scopes: ['view', 'edit'] },
        { method: 'DELETE', scopes: ['edit', 'delete'], 'scopes-enforcement-mode': 'ANY' },
        { method: 'OPTIONS', 'scopes-enforcement-mode': 'DISABLED' },
      ],
    },
    { path: '/reports/{id}', name: 'reports', scopes: ['view'] },
    { path: '/no-scopes', name: 'no scopes' },
    { path: '/health', 'enforcement-mode': 'DISABLED' },
  ],
};

describe('enforcing by path, with a configuration as the Java adapters have it', () => {
  it('needs the scopes of the method: all of them, or any', async () => {
    const { ask } = await start(CONFIG, 'orders#view', 'orders#delete');
    assert.equal(await ask('GET', '/orders/7'), 'in');
    assert.equal(await ask('GET', '/orders'), 'in');
    assert.equal(await ask('HEAD', '/orders/7'), 'in');
    assert.equal(await ask('POST', '/orders'), 'permission_denied');
    assert.equal(await ask('DELETE', '/orders/7'), 'in');
    assert.equal(await ask('OPTIONS', '/orders/7'), 'in');
  });

  it('refuses methods that a path does not name, where it names some', async () => {
    const { ask } = await start(CONFIG, 'orders#view', 'orders#edit', 'orders#delete', 'reports#view');
    for (const method of ['PUT', 'PATCH', 'TRACE', 'GET ', 'PROPFIND']) {
      assert.equal(await ask(method, '/orders/7'), 'permission_denied', method);
    }
    assert.equal(await ask('PUT', '/reports/7'), 'in');
  });

  it('takes the method for the scope where that is wanted', async () => {
    const config: PolicyEnforcerConfig = {
      paths: [{ path: '/*', name: 'verbs' }],
      'http-method-as-scope': true,
    };
    const { fake, ask } = await start(config);
    fake.resources.push({
      ...(fake.resources[0] as (typeof fake.resources)[0]),
      id: 'eeeeeeee-0000-4000-8000-000000000001',
      name: 'verbs',
      scopes: ['GET', 'POST'],
    });
    grant(fake, BOB, 'verbs#GET');
    assert.equal(await ask('GET', '/x'), 'in');
    assert.equal(await ask('HEAD', '/x'), 'in');
    assert.equal(await ask('POST', '/x'), 'permission_denied');
    for (const method of ['PROPFIND', 'A#B', 'GET,POST', '']) {
      assert.equal(await ask(method, '/x'), 'permission_denied', method);
    }
  });

  it('refuses what no path names, or lets it pass with PERMISSIVE, and asks nothing with DISABLED', async () => {
    const enforcing = await start(CONFIG);
    assert.equal(await enforcing.ask('GET', '/other'), 'permission_denied');
    const permissive = await start({ ...CONFIG, 'enforcement-mode': 'PERMISSIVE' });
    assert.equal(await permissive.ask('GET', '/other'), 'in');
    assert.equal(await permissive.ask('GET', '/other/../orders/7'), 'path_ambiguous');
    assert.equal(await permissive.ask('GET', '/orders/7'), 'permission_denied');
    const disabled = await start({ ...CONFIG, 'enforcement-mode': 'DISABLED' });
    assert.equal(await disabled.ask('GET', '//orders/7'), 'in');
    assert.equal(disabled.fake.questions.length, 0);
  });

  it('lets nobody pass but where a path is open', async () => {
    const { ask } = await start(CONFIG, 'orders#view');
    assert.equal(await ask('GET', '/health', {}, null), 'in');
    for (const path of ['/orders/7', '/other', '/reports/7', '/no-scopes']) {
      assert.equal(await ask('GET', path, {}, null), 'missing_token');
    }
    assert.equal(await ask('PUT', '/orders/7', {}, null), 'missing_token');
    const { enforcer } = await start(CONFIG);
    const request = { method: 'GET', url: '/other', headers: {} };
    await assertRefused(() => enforcer.decide(request, null), 'missing_token');
  });

  it('decides on each way in which a router may read a path', async () => {
    const config: PolicyEnforcerConfig = {
      paths: [
        { path: '/admin', name: 'admin', scopes: ['view'] },
        { path: '/caf\u00e9', name: 'admin', scopes: ['view'] },
        { path: '/*', 'enforcement-mode': 'DISABLED' },
      ],
    };
    const { ask } = await start(config);
    for (const path of ['/admin', '/ADMIN', '/admin/', '/Admin/', '/caf%C3%A9', '/CAF%C3%89/']) {
      assert.equal(await ask('GET', path), 'permission_denied', path);
    }
    for (const path of ['/', '/admins', '/admin/x', '/cafe'])
      assert.equal(await ask('GET', path), 'in', path);
  });

  it('refuses a request that another header takes for one of another method', async () => {
    const { ask } = await start(CONFIG, 'orders#view');
    for (const name of ['x-http-method-override', 'x-http-method', 'x-method-override']) {
      assert.equal(await ask('GET', '/orders/7', { headers: { [name]: 'DELETE' } }), 'path_ambiguous');
      assert.equal(await ask('GET', '/orders/7', { headers: { [name]: 'get' } }), 'in');
    }
    for (const query of [
      '_method=DELETE',
      'x=1&_method=delete',
      '%5Fmethod=DELETE',
      '_method=GET&_method=DELETE',
    ])
      assert.equal(await ask('GET', `/orders/7?${query}`), 'path_ambiguous', query);
    for (const query of ['_method=get', 'method=DELETE', 'x=_method', '%'])
      assert.equal(await ask('GET', `/orders/7?${query}`), 'in', query);
    for (const _method of ['DELETE', ['GET', 'DELETE']])
      assert.equal(await ask('GET', '/orders/7', { body: { _method } }), 'path_ambiguous');
    assert.equal(await ask('GET', '/orders/7', { body: { _method: 'get' } }), 'in');
  });

  it('refuses a method that is not in capitals: a copy of the request would have it so', async () => {
    const config: PolicyEnforcerConfig = {
      paths: [
        {
          path: '/orders/*',
          name: 'orders',
          scopes: ['view'],
          methods: [{ method: 'DELETE', scopes: ['edit'] }],
        },
      ],
    };
    const { ask } = await start(config, 'orders#view');
    assert.equal(await ask('GET', '/orders/7'), 'in');
    assert.equal(await ask('DELETE', '/orders/7'), 'permission_denied');
    for (const method of ['delete', 'Delete', 'deletE'])
      assert.equal(await ask(method, '/orders/7'), 'path_ambiguous', method);
  });

  it('finds the resource of a path without a name by its URI, and names the path that has none', async () => {
    const config: PolicyEnforcerConfig = { paths: [{ path: '/reports/*', scopes: ['view'] }] };
    const { ask } = await start(config, 'reports#view');
    assert.equal(await ask('GET', '/reports/7'), 'in');
    const lost = await start({ paths: [{ path: '/lost/*', scopes: ['view'] }] });
    const error = await assertRefused(
      () => lost.enforcer.decide({ method: 'GET', url: '/lost/1', headers: {} }, lost.bob),
      'provider_misconfigured',
    );
    assert.match(error.reason, /No resource has the URI "\/lost\/\*"/);
  });

  it('names every part that is wrong, unknown or not supported', () => {
    const permissions = createFakeKeycloak().permissions();
    const wrong: [unknown, string][] = [
      [{ 'enforcement-mode': 'STRICT' }, 'enforcement-mode'],
      [{ 'on-deny-redirect-to': '/denied' }, 'on-deny-redirect-to'],
      [{ paths: {} }, 'paths'],
      [{ paths: [7] }, 'paths[0]'],
      [{ paths: [{ path: 'orders' }] }, 'paths[0].path'],
      [{ paths: [{ path: '/a', name: '' }] }, 'paths[0].name'],
      [{ paths: [{ path: '/a', 'enforcement-mode': 'PERMISSIVE' }] }, 'paths[0].enforcement-mode'],
      [{ paths: [{ path: '/a', scopes: 'view' }] }, 'paths[0].scopes'],
      [
        { paths: [{ path: '/a', methods: [{ method: 'get', scopes: ['view'] }] }] },
        'paths[0].methods[0].method',
      ],
      [{ paths: [{ path: '/a', methods: [{ method: 'GET' }] }] }, 'paths[0].methods[0].scopes'],
      [{ paths: [{ path: '/a', methods: [{ method: 'GET', scopes: null }] }] }, 'paths[0].methods[0].scopes'],
      [
        { paths: [{ path: '/a', methods: [{ method: 'GET', scopes: ['v'], mode: 'ANY' }] }] },
        'paths[0].methods[0].mode',
      ],
      [{ 'claim-information-point': { claims: {} } }, 'claim-information-point'],
      [{ 'user-managed-access': {} }, 'user-managed-access'],
      [
        { paths: [{ path: '/a', 'claim-information-point': { claims: {} } }] },
        'paths[0].claim-information-point',
      ],
      ['ENFORCING', 'policy-enforcer'],
      [null, 'policy-enforcer'],
    ];
    for (const [config, option] of wrong) {
      assert.throws(
        () => createPathEnforcer(permissions, config as PolicyEnforcerConfig),
        (error: unknown) =>
          error instanceof OptionsError && error.problems.some((one) => one.option === option),
        JSON.stringify(config),
      );
    }
  });
});

describe('enforcing by path, with the resources of Keycloak', () => {
  it('needs every scope of a resource', async () => {
    const { ask } = await start(undefined, 'orders#view', 'reports#view', 'no scopes');
    assert.equal(await ask('GET', '/orders/7'), 'permission_denied');
    assert.equal(await ask('GET', '/reports/7'), 'in');
    assert.equal(await ask('GET', '/no-scopes'), 'in');
  });

  it('takes no paths from resources that users own', async () => {
    const { fake, ask } = await start(undefined);
    const id = 'bbbbbbbb-0000-4000-8000-000000000001';
    fake.resources.push({
      id,
      name: 'mine',
      owner: BOB,
      scopes: ['view'],
      uris: ['/admin', '/orders/7', '/*'],
    });
    fake.grants.add(`${BOB} ${id}#view`);
    for (const path of ['/admin', '/orders/7', '/other'])
      assert.equal(await ask('GET', path), 'permission_denied');
  });

  it('reads all of them, however many, and again after permissionSeconds', async () => {
    const { fake, ask } = await start(undefined);
    for (let i = 0; i < 1_100; i++) {
      const id = `dddddddd-0000-4000-8000-${String(i).padStart(12, '0')}`;
      fake.resources.push({
        ...(fake.resources[1] as (typeof fake.resources)[0]),
        id,
        name: `doc ${i}`,
        uris: [`/docs/${i}`],
      });
      fake.grants.add(`${BOB} ${id}#view`);
    }
    assert.equal(await ask('GET', '/docs/1099'), 'in');
    assert.equal(fake.protectionCalls.length, 6);
    const last = fake.resources.pop() as (typeof fake.resources)[0];
    fake.resources.push({ ...last, uris: ['/elsewhere'] });
    fake.realm.advance(29);
    assert.equal(await ask('GET', '/elsewhere'), 'permission_denied');
    fake.realm.advance(2);
    assert.equal(await ask('GET', '/elsewhere'), 'in');
  });

  it('goes on with the paths it knows while Keycloak does not answer, and is 503 before it knows any', async () => {
    const { fake, ask } = await start(undefined, 'reports#view');
    fake.replaceProtection = () => 'down';
    assert.equal(await ask('GET', '/reports/7'), 'provider_unavailable');
    const later = await start(undefined, 'reports#view');
    assert.equal(await later.ask('GET', '/reports/7'), 'in');
    later.fake.realm.advance(31);
    later.fake.replaceProtection = () => 'down';
    assert.equal(await later.ask('GET', '/other'), 'permission_denied');
    assert.equal(await later.ask('GET', '/reports/7'), 'provider_unavailable');
  });

  it('names the resource whose URI is no path, rather than leave it open', async () => {
    const { fake, enforcer, bob } = await start({ 'enforcement-mode': 'PERMISSIVE' });
    fake.resources.push({
      ...(fake.resources[1] as (typeof fake.resources)[0]),
      id: 'x-1',
      name: 'odd',
      uris: ['/a/*/b'],
    });
    const error = await assertRefused(
      () => enforcer.decide({ method: 'GET', url: '/a/x/b', headers: {} }, bob),
      'provider_misconfigured',
    );
    assert.match(error.reason, /"\/a\/\*\/b" of the resource "odd"/);
  });
});
