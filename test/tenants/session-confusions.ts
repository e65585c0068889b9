import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type DevIdp, startDevIdp } from '../../packages/testing/src/index.ts';
import { plainFetch } from '../../packages/testing/src/sign-in.ts';
import type { Adapter, RunningApp } from '../contract/adapter/adapter.ts';
import { WHOLE } from '../contract/adapter/set-up.ts';
import { openSocketBrowser } from '../support/socket-browser.ts';
import { HOSTS, SECRET_OF_SESSIONS, type TenantName } from './world.ts';

const PASSWORD = 'Test#123456';
const PAGE = { accept: 'text/html,*/*;q=0.8' };
let idp: DevIdp | undefined;

/** Two realms with the same people and the same client. */
async function startIdp(): Promise<DevIdp> {
  const realm = {
    enabled: true,
    clients: [{ clientId: 'shop', secret: 'shop-secret' }],
    users: [
      {
        ...{ username: 'abdullah', firstName: 'A', lastName: 'B', email: 'a@example.com', enabled: true },
        credentials: [{ type: 'password', value: PASSWORD }],
      },
    ],
  };
  return startDevIdp({ realm: Object.keys(HOSTS).map((name) => ({ ...realm, realm: name })) } as never);
}

/** What every framework keeps apart of people who sign in at two tenants with the same browser. */
export function describeSessionConfusions(adapter: Adapter): void {
  describe(`${adapter.name}, sessions of tenants`, () => {
    let app: RunningApp;
    let port: string;
    const hosts = new Map<string, string>(Object.entries(HOSTS).map(([name, host]) => [host, name]));
    const ports: string[] = [];
    async function start(more: object = {}): Promise<RunningApp> {
      idp ??= await startIdp();
      const { url: serverUrl } = idp;
      const tenants = {
        of: ({ hostname }: { hostname: string }) => hosts.get(hostname),
        get: async (name: string) => (name in HOSTS ? { realm: name } : undefined),
      };
      const common = { serverUrl, clientId: 'shop', clientSecret: 'shop-secret', onNotice: false };
      const started = await adapter.start({
        keycloak: { ...common, tenants, ...more } as never,
        session: { secret: SECRET_OF_SESSIONS },
        logRefusals: false,
      });
      ports.push(new URL(started.url).port);
      for (const [name, host] of Object.entries(HOSTS)) {
        const [uri = '', ...uris] = ports.map((one) => `http://${host}:${one}/`);
        idp.inRealm(name).updateClient('shop', {
          redirectUris: [uri, ...uris].map((one) => `${one}*`),
          attributes: {
            'post.logout.redirect.uris': `${uri}*`,
            'backchannel.logout.url': `${uri}backchannel-logout`,
            'backchannel.logout.session.required': 'true',
          },
        });
      }
      return started;
    }
    before(async () => {
      app = await start();
      ({ port } = new URL(app.url));
    });
    after(() => app.close());

    const addressOf = (at: TenantName) => `http://${HOSTS[at]}:${port}`;
    /** A browser that is signed in at a tenant. */
    async function signIn(at: TenantName, address = addressOf(at)) {
      const browser = openSocketBrowser({ url: address }, { username: 'abdullah', password: PASSWORD });
      const { response, visited } = await browser.open(`${address}/guarded`);
      assert.equal(response.status, 200);
      const status = async (path = '/guarded') => (await browser.fetch(`${address}${path}`)).status;
      const [[name, value] = ['', '']] = [...browser.cookiesOf(address)];
      return { browser, visited, status, name, value };
    }
    const knock = async (at: TenantName, cookie: string, path = '/guarded') =>
      await openSocketBrowser({ url: addressOf(at) }).fetch(`${addressOf(at)}${path}`, {
        headers: { cookie },
      });

    test('a login leads to the realm of the tenant, with a cookie of its own', async () => {
      for (const at of ['acme', 'globex'] as const) {
        const { headers, status } = await openSocketBrowser({ url: addressOf(at) }).fetch(
          `${addressOf(at)}/auth/login`,
          { headers: PAGE },
        );
        assert.equal(status, 303);
        assert.match(headers.get('location') ?? '', new RegExp(`/realms/${at}/`));
        assert.match(headers.get('set-cookie') ?? '', new RegExp(`^[^=]*${at}[^=]*-login-`));
      }
    });

    test('at the address of no tenant people see a page that says so, programs JSON', async () => {
      for (const path of ['/guarded', '/auth/login']) {
        const call = (headers: object) =>
          plainFetch(`${app.url}${path}`, { headers: { ...headers, host: 'nowhere.example' } });
        const page = await call(PAGE);
        assert.equal(page.status, 404, path);
        assert.match(page.headers.get('content-type') ?? '', /^text\/html/, path);
        assert.equal(page.headers.get('cache-control'), 'no-store', path);
        assert.match(await page.text(), /<h1>Not Found<\/h1>\s+<p>There is nothing at this address\./, path);
        const program = await call({});
        assert.deepEqual([program.status, await program.json()], [404, { detail: 'Not Found' }], path);
      }
    });

    // The rest is behind all adapters alike: two of them show it.
    if (!WHOLE.includes(adapter.name)) return;

    test('people sign in at the realm of the tenant, with a cookie that is nothing at another tenant, under whichever name', async () => {
      const [acme, globex] = [await signIn('acme'), await signIn('globex')];
      const realmsOf = ({ visited }: typeof acme) =>
        new Set(visited.flatMap((url) => /realms\/(\w+)\//.exec(url)?.[1] ?? []));
      assert.deepEqual([[...realmsOf(acme)], [...realmsOf(globex)]], [['acme'], ['globex']]);
      assert.notEqual(acme.name, globex.name);
      assert.match(acme.name, /acme/);
      assert.equal((await knock('acme', `${acme.name}=${acme.value}`)).status, 200);
      for (const name of [acme.name, globex.name, 'session-shop']) {
        assert.equal((await knock('globex', `${name}=${acme.value}`)).status, 401, name);
      }
      const described = await knock('globex', `${globex.name}=${acme.value}`, '/auth/session');
      assert.deepEqual(await described.json(), { authenticated: false });
      hosts.delete(HOSTS.acme);
      for (const path of ['/guarded', '/auth/login', '/auth/session', '/auth/callback?state=x&code=y']) {
        assert.equal(await acme.status(path), 404, `of a tenant that was removed: ${path}`);
      }
      hosts.set(HOSTS.acme, 'acme');
      assert.equal(await acme.status(), 200);
    });

    test('a login that began at one tenant does not end at another', async () => {
      const browser = openSocketBrowser({ url: addressOf('acme') });
      const begun = await browser.fetch(`${addressOf('acme')}/auth/login`, { headers: PAGE });
      const state = new URL(begun.headers.get('location') ?? '').searchParams.get('state');
      const [[name, value] = ['', '']] = [...browser.cookiesOf(addressOf('acme'))];
      const other = openSocketBrowser({ url: addressOf('globex') });
      const elsewhere = await other.fetch(`${addressOf('globex')}/auth/login`, { headers: PAGE });
      const theirs = [...other.cookiesOf(addressOf('globex'))][0]?.[0] ?? '';
      assert.equal(elsewhere.status, 303);
      const prefix = theirs.slice(0, theirs.indexOf('-login-') + '-login-'.length);
      const renamed = prefix + name.slice(name.indexOf('-login-') + '-login-'.length);
      for (const cookie of [`${name}=${value}`, `${renamed}=${value}`]) {
        assert.equal(
          (await knock('globex', cookie, `/auth/callback?state=${state}&code=stolen`)).status,
          400,
        );
      }
    });

    test('signing out at one tenant signs nobody out at another', async () => {
      const [acme, globex] = [await signIn('acme'), await signIn('globex')];
      const end = await acme.browser.fetch(`${addressOf('acme')}/auth/logout`, {
        method: 'POST',
        headers: { origin: addressOf('acme') },
      });
      assert.equal(end.status, 303);
      assert.match(end.headers.get('location') ?? '', /realms\/acme\//);
      assert.equal(await acme.status(), 401);
      assert.equal(await globex.status(), 200);
    });

    test('signing out ends the token that was taken along, of a tenant that had left memory, too', async (t) => {
      const other = await start({ maxTenants: 1 });
      t.after(() => other.close());
      const [ours, theirs] = (['acme', 'globex'] as const).map((at) => {
        return `http://${HOSTS[at]}:${new URL(other.url).port}`;
      }) as [string, string];
      const { browser } = await signIn('acme', ours);
      const { token } = (await (await browser.fetch(`${ours}/token`)).json()) as { token: string };
      const send = (url: string, headers: Record<string, string> = {}) =>
        openSocketBrowser({ url }).fetch(`${url}/guarded`, { headers });
      const authorization = `Bearer ${token}`;
      assert.equal((await send(ours, { authorization })).status, 200);
      assert.equal((await send(theirs)).status, 401);
      const end = await browser.fetch(`${ours}/auth/logout`, { method: 'POST', headers: { origin: ours } });
      assert.equal(end.status, 303);
      assert.equal((await send(ours, { authorization })).status, 401);
    });

    test('a session that ends in one realm ends no session of another', async () => {
      const [acme, globex] = [await signIn('acme'), await signIn('globex')];
      await (idp as DevIdp).inRealm('globex').logoutUser('abdullah');
      assert.equal(await globex.status(), 401);
      assert.equal(await acme.status(), 200);
    });
  });
}

export const closeIdp = async (): Promise<void> => idp?.close();
