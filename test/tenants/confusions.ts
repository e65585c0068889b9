import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { AuthError } from '../../packages/guard/src/core/index.ts';
import { plainFetch } from '../../packages/testing/src/sign-in.ts';
import { ALICE, grant } from '../authz/fake-keycloak.ts';
import type { Adapter, RunningApp } from '../contract/adapter/adapter.ts';
import { WHOLE } from '../contract/adapter/set-up.ts';
import { mintLogoutToken } from '../core/signed-messages.ts';
import { createWorld, HOSTS, type TenantName, type World } from './world.ts';

interface Sent {
  readonly token?: string;
  readonly path?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

/** An app with two tenants, and what its refusals said. */
interface At extends World {
  /** The status of an answer. */
  status(at: TenantName, sent?: Sent): Promise<number>;
  readonly denied: AuthError[];
  /** What the last refusal found. */
  seen(): string | undefined;
}

const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const logOut = (token: string, more: Partial<Sent> = {}): Sent => ({
  path: '/backchannel-logout',
  body: `logout_token=${token}`,
  headers: FORM,
  ...more,
});

/** Mistakes and attacks between two tenants whose users, sessions and tokens have the same ids. Each must come to nothing. */
const BY_HOST: Readonly<Record<string, (at: At) => Promise<void>>> = {
  async 'a token is good at its own tenant'({ status, acme, globex }) {
    assert.equal(await status('acme', { token: acme.tokenOf(ALICE) }), 200);
    assert.equal(await status('globex', { token: globex.tokenOf(ALICE) }), 200);
  },
  async 'a token at another tenant is a 401, and the log says which realm it names'(at) {
    assert.equal(await at.status('acme', { token: at.globex.tokenOf(ALICE) }), 401);
    assert.match(at.seen() ?? '', /realms\/globex$/);
    assert.equal(await at.status('globex', { token: at.acme.tokenOf(ALICE) }), 401);
    assert.match(at.seen() ?? '', /realms\/acme$/);
  },
  async 'a host that a client only claims to have called changes nothing'({ status, acme }) {
    const headers = { 'x-forwarded-host': HOSTS.globex, forwarded: `host=${HOSTS.globex}` };
    assert.equal(await status('acme', { token: acme.tokenOf(ALICE), headers }), 200);
    assert.equal(
      await status('globex', { token: acme.tokenOf(ALICE), headers: { 'x-forwarded-host': HOSTS.acme } }),
      401,
    );
  },
  async 'a host of no tenant is a 404, for known tokens and for nobody'({ status, acme, hosts, denied }) {
    const token = acme.tokenOf(ALICE);
    assert.equal(await status('acme', { token }), 200);
    hosts.delete(HOSTS.acme);
    for (const path of ['/guarded', '/optional', '/token']) {
      assert.equal(await status('acme', { path, token }), 404, path);
      assert.equal(denied.at(-1)?.code, 'tenant_unknown');
    }
    assert.equal(await status('acme'), 404);
    assert.equal(await status('acme', { path: '/open' }), 200);
    hosts.set(HOSTS.acme, 'acme');
    assert.equal(await status('acme', { token }), 200);
  },
  async 'a logout at one tenant ends nothing at another, though ids are the same'({ status, acme, globex }) {
    const ids = { sid: 'same', sub: 'same' };
    const [ours, theirs] = [acme.realm.mint(ids), globex.realm.mint(ids)];
    assert.equal(await status('acme', { token: ours }), 200);
    assert.equal(await status('globex', { token: theirs }), 200);
    assert.equal(await status('globex', logOut(mintLogoutToken(globex.realm, ids))), 204);
    assert.equal(await status('globex', { token: theirs }), 401);
    assert.equal(await status('acme', { token: ours }), 200);
  },
  async 'a message to no tenant is refused'({ status, acme, hosts }) {
    hosts.delete(HOSTS.acme);
    assert.equal(await status('acme', logOut(mintLogoutToken(acme.realm))), 400);
    hosts.set(HOSTS.acme, 'acme');
  },
  async 'what one realm permits, another does not, for the user of the same id'({ status, acme, globex }) {
    grant(acme, ALICE, 'orders#view');
    for (let i = 0; i < 2; i++) {
      assert.equal(await status('acme', { path: '/permitted', token: acme.tokenOf(ALICE) }), 200);
      assert.equal(await status('globex', { path: '/permitted', token: globex.tokenOf(ALICE) }), 403);
    }
  },
  async 'a permission that is asked by the request stays in its realm'({ status, acme, globex }) {
    grant(acme, ALICE, 'orders#view');
    assert.equal(await status('acme', { path: '/things/orders', token: acme.tokenOf(ALICE) }), 200);
    assert.equal(await status('globex', { path: '/things/orders', token: globex.tokenOf(ALICE) }), 403);
  },
};
/** The same, behind all adapters alike: two of them show it. */
const BY_HOST_OF_ENGINE: Readonly<Record<string, (at: At) => Promise<void>>> = {
  async 'an optional guard does not make another tenant’s caller nobody'({ status, acme }) {
    assert.equal(await status('globex', { path: '/optional', token: acme.tokenOf(ALICE) }), 401);
    assert.equal(await status('globex', { path: '/optional' }), 200);
  },
  async 'a permission is not asked for another realm’s caller'({ status, acme, globex }) {
    grant(acme, ALICE, 'orders#view');
    const asked = acme.questions.length + globex.questions.length;
    assert.equal(await status('globex', { path: '/permitted', token: acme.tokenOf(ALICE) }), 401);
    assert.equal(acme.questions.length + globex.questions.length, asked);
  },
  async 'the token for calls on is that of the caller'({ status, acme }) {
    assert.equal(await status('acme', { path: '/token', token: acme.tokenOf(ALICE) }), 200);
    assert.equal(await status('globex', { path: '/token', token: acme.tokenOf(ALICE) }), 401);
  },
  async 'a token that is known at one tenant is not known at another'({ status, acme }) {
    const token = acme.tokenOf(ALICE);
    for (let i = 0; i < 3; i++) assert.equal(await status('acme', { token }), 200);
    for (let i = 0; i < 3; i++) assert.equal(await status('globex', { token }), 401);
    assert.equal(await status('acme', { token }), 200);
  },
  async 'a realm cannot sign a token in the name of another'({ status, acme, globex }) {
    const token = globex.tokenOf(ALICE, { iss: acme.realm.issuer });
    assert.equal(await status('acme', { token }), 401);
    assert.equal(await status('globex', { token }), 401);
  },
  async 'a key is looked for in the realm of the tenant alone, under whatever id'({ status, acme, globex }) {
    const { kid } = acme.realm.signer;
    const forged = globex.realm.mint({ iss: acme.realm.issuer }, { header: { kid } });
    assert.equal(await status('acme', { token: forged }), 401);
    assert.equal(await status('globex', { token: forged }), 401);
  },
  async 'the end of a known token does not open another tenant'({ status, acme, globex }) {
    const [good, other] = [acme.tokenOf(ALICE), globex.tokenOf(ALICE)];
    assert.equal(await status('acme', { token: good }), 200);
    const mixed = [...other.split('.').slice(0, 2), good.split('.')[2]].join('.');
    assert.equal(await status('acme', { token: mixed }), 401);
    assert.equal(await status('globex', { token: mixed }), 401);
  },
  async 'a token for another client of the realm is refused'({ status, acme }) {
    const token = acme.realm.mint({ aud: 'other', azp: 'other' });
    assert.equal(await status('acme', { token }), 401);
  },
  async 'an ID token is refused'({ status, acme }) {
    assert.equal(await status('acme', { token: acme.realm.mint({ typ: 'ID' }) }), 401);
  },
  async 'a role counts in its own realm'({ status, acme, globex }) {
    const admin = { realm_access: { roles: ['admin'] } };
    assert.equal(await status('acme', { path: '/admin', token: acme.tokenOf(ALICE, admin) }), 200);
    assert.equal(await status('globex', { path: '/admin', token: acme.tokenOf(ALICE, admin) }), 401);
    assert.equal(await status('globex', { path: '/admin', token: globex.tokenOf(ALICE) }), 403);
  },
  async 'a tenant that is removed from the directory is gone, for known tokens and for nobody'(at) {
    const { status, acme, directory, denied, later } = at;
    const token = acme.tokenOf(ALICE);
    assert.equal(await status('acme', { token }), 200);
    directory.delete('acme');
    later();
    for (const path of ['/guarded', '/optional', '/token']) {
      assert.equal(await status('acme', { path, token }), 404, path);
      assert.equal(denied.at(-1)?.code, 'tenant_unknown');
    }
    assert.equal(await status('acme'), 404);
    directory.set('acme', { realm: 'acme' });
    later();
    assert.equal(await status('acme', { token }), 200);
  },
  async 'a name that stands for another realm now takes no caller along'(at) {
    const { status, acme, globex, directory, later } = at;
    const token = acme.tokenOf(ALICE);
    assert.equal(await status('acme', { token }), 200);
    directory.set('acme', { realm: 'globex' });
    later();
    assert.equal(await status('acme', { token }), 401);
    assert.equal(await status('acme', { token: globex.tokenOf(ALICE) }), 200);
    directory.set('acme', { realm: 'acme' });
    later();
    assert.equal(await status('acme', { token: acme.tokenOf(ALICE) }), 200);
  },
  async 'a host that moves to another tenant takes no caller along'({ status, acme, globex, hosts }) {
    const token = acme.tokenOf(ALICE);
    assert.equal(await status('acme', { token }), 200);
    hosts.set(HOSTS.acme, 'globex');
    assert.equal(await status('acme', { token }), 401);
    assert.equal(await status('acme', { token: globex.tokenOf(ALICE) }), 200);
    hosts.set(HOSTS.acme, 'acme');
  },
  async 'what is no name is a fault of the application, and ends nothing'({ status, acme, hosts }) {
    const token = acme.tokenOf(ALICE);
    for (const name of ['a promise', 'a late error', 'settings', 'an error']) {
      hosts.set(HOSTS.acme, name);
      assert.equal(await status('acme', { token }), 500, name);
      await new Promise((resolve) => setImmediate(resolve));
    }
    hosts.set(HOSTS.acme, 'acme');
    assert.equal(await status('acme', { token }), 200);
  },
  async 'what is no settings is a fault of the application, and lets nobody in'(at) {
    const { status, acme, directory, later } = at;
    for (const settings of ['acme', true, [{ realm: 'acme' }], {}, { realm: 7 }, { realm: 'acme', x: 1 }]) {
      directory.set('acme', settings);
      later();
      const what = JSON.stringify(settings);
      for (const path of ['/guarded', '/optional']) {
        assert.equal(await status('acme', { path, token: acme.tokenOf(ALICE) }), 500, what);
        assert.equal(await status('acme', { path }), 500, what);
      }
    }
    directory.set('acme', { realm: 'acme' });
    later();
    assert.equal(await status('acme', { token: acme.tokenOf(ALICE) }), 200);
  },
  async 'a name that the directory lacks is a 404, and costs Keycloak nothing'({
    status,
    acme,
    hosts,
    calls,
  }) {
    const names = ['made-up', '../acme', 'acme/../globex', 'a\nb', ' ', '..', 'x'.repeat(10_000), 'ACME'];
    for (const name of names) {
      hosts.set(HOSTS.acme, name);
      const from = calls.length;
      for (const path of ['/guarded', '/optional']) {
        assert.equal(await status('acme', { path, token: acme.tokenOf(ALICE) }), 404, name);
        assert.equal(await status('acme', { path, headers: { cookie: 'session-my-api=x' } }), 404, name);
      }
      // Keys of tenants in use are loaded again meanwhile.
      const others = calls.slice(from).filter((url) => !/\/realms\/(acme|globex)\//.test(url));
      assert.deepEqual(others, []);
    }
    hosts.set(HOSTS.acme, 'acme');
  },
  async 'a logout of a user at one tenant ends nothing at another'({ status, acme, globex }) {
    const ids = { sid: 'other', sub: 'same-user' };
    const [ours, theirs] = [acme.realm.mint(ids), globex.realm.mint(ids)];
    assert.equal(
      await status('acme', logOut(mintLogoutToken(acme.realm, { sub: ids.sub, sid: undefined }))),
      204,
    );
    assert.equal(await status('acme', { token: ours }), 401);
    assert.equal(await status('globex', { token: theirs }), 200);
  },
  async 'a message of another realm is refused at a tenant'({ status, acme, globex }) {
    const ids = { sid: 'kept', sub: 'kept' };
    const [ours, theirs] = [acme.realm.mint(ids), globex.realm.mint(ids)];
    assert.equal(await status('acme', { token: ours }), 200);
    for (const changes of [ids, { ...ids, iss: acme.realm.issuer }, { ...ids, sid: undefined }]) {
      assert.equal(await status('acme', logOut(mintLogoutToken(globex.realm, changes))), 400);
    }
    assert.equal(await status('acme', { token: ours }), 200);
    assert.equal(await status('globex', { token: theirs }), 200);
  },
};

const BY_ISSUER: Readonly<Record<string, (at: At) => Promise<void>>> = {
  async 'a permission is asked for nobody: a refusal, and no fault'({ status }) {
    assert.equal(await status('acme', { path: '/unguarded' }), 401);
  },
  async 'a token is verified by the realm that it names, at any host'({ status, acme, globex }) {
    for (const { tokenOf } of [acme, globex])
      assert.equal(await status('acme', { token: tokenOf(ALICE) }), 200);
  },
  async 'a message is of the realm that it names, and ends nothing elsewhere'({ status, acme, globex }) {
    const ids = { sid: 'same', sub: 'same' };
    const [ours, theirs] = [acme.realm.mint(ids), globex.realm.mint(ids)];
    for (const token of [ours, theirs]) assert.equal(await status('acme', { token }), 200);
    assert.equal(
      await status('acme', logOut(mintLogoutToken(globex.realm, { ...ids, iss: acme.realm.issuer }))),
      400,
    );
    assert.equal(await status('acme', { token: ours }), 200);
    assert.equal(await status('acme', logOut(mintLogoutToken(globex.realm, ids))), 204);
    assert.equal(await status('acme', { token: theirs }), 401);
    assert.equal(await status('acme', { token: ours }), 200);
  },
  async 'what one realm permits, another does not'({ status, acme, globex }) {
    grant(acme, ALICE, 'orders#view');
    assert.equal(await status('acme', { path: '/permitted', token: acme.tokenOf(ALICE) }), 200);
    assert.equal(await status('acme', { path: '/permitted', token: globex.tokenOf(ALICE) }), 403);
  },
};
/** The same, behind all adapters alike: two of them show it. */
const BY_ISSUER_OF_ENGINE: Readonly<Record<string, (at: At) => Promise<void>>> = {
  async 'an issuer that is not in the list is refused, and not asked'(at) {
    const { issuer } = at.acme.realm;
    const alike = [
      `${issuer}/`,
      `${issuer}2`,
      issuer.toUpperCase(),
      `${issuer}#`,
      ` ${issuer}`,
      'acme',
      '',
      null,
      [issuer],
    ];
    for (const iss of [...alike, `https://evil.example.com/realms/acme`, `${issuer}@evil.example.com`]) {
      const from = at.calls.length;
      assert.equal(await at.status('acme', { token: at.acme.tokenOf(ALICE, { iss }) }), 401, String(iss));
      assert.deepEqual(at.calls.slice(from), [], String(iss));
    }
  },
  async 'a realm cannot sign a token in the name of another'({ status, acme, globex }) {
    const token = globex.tokenOf(ALICE, { iss: acme.realm.issuer });
    assert.equal(await status('acme', { token }), 401);
  },
  async 'what cannot be read is refused'({ status }) {
    for (const token of ['garbage', 'a.b.c', '..', 'e30.e30.'])
      assert.equal(await status('acme', { token }), 401);
    assert.equal(await status('acme'), 401);
    assert.equal(await status('acme', { path: '/optional' }), 200);
  },
  async 'a message of an issuer that is not in the list is refused'({ status, globex }) {
    const foreign = mintLogoutToken(globex.realm, { iss: 'https://evil.example.com/realms/globex' });
    assert.equal(await status('acme', logOut(foreign)), 400);
    assert.equal(await status('acme', logOut('garbage')), 400);
  },
};

/** What every framework refuses between tenants. */
export function describeConfusions(adapter: Adapter): void {
  for (const [by, read, behind] of [
    ['host', BY_HOST, BY_HOST_OF_ENGINE],
    ['issuer', BY_ISSUER, BY_ISSUER_OF_ENGINE],
  ] as const) {
    describe(`${adapter.name}, tenants by ${by}`, () => {
      let world: World;
      let app: RunningApp;
      const denied: AuthError[] = [];
      before(async () => {
        world = createWorld();
        app = await adapter.start(
          world.given(by, {
            permissions: { permissionSeconds: 0 },
            logRefusals: false,
            onDenied: (error) => denied.push(error),
          }),
        );
      });
      after(() => app.close());
      for (const [name, confuse] of Object.entries({
        ...read,
        ...(WHOLE.includes(adapter.name) && behind),
      })) {
        test(name, async () => {
          const { port } = new URL(app.url);
          for (const { grants } of [world.acme, world.globex]) grants.clear();
          await confuse({
            ...world,
            denied,
            seen: () => denied.at(-1)?.seen,
            async status(at, { token, path = '/guarded', headers = {}, body } = {}) {
              const bearer = token === undefined ? {} : { authorization: `Bearer ${token}` };
              const init = {
                method: body === undefined ? 'GET' : 'POST',
                headers: { ...headers, ...bearer },
                body: body ?? null,
              };
              return (await plainFetch(`http://${HOSTS[at]}:${port}${path}`, init)).status;
            },
          });
        });
      }
    });
  }
}
