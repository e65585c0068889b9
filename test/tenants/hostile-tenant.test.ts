import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { createLoginGuard } from '../../packages/guard/src/adapters/engine/internal.ts';
import { PROOF_SECONDS } from '../../packages/guard/src/core/binding/dpop-options.ts';
import {
  type AuthError,
  createMemoryRevocationStore,
  type Principal,
  type ProofStore,
  type Revocation,
  type Verifier,
} from '../../packages/guard/src/core/index.ts';
import { MAX_PROOFS, partsOf } from '../../packages/guard/src/core/internal.ts';
import { messagesOf, mintLogoutToken } from '../core/signed-messages.ts';
import { createDpopClient } from '../support/dpop.ts';
import type { TestRealm } from '../support/test-realm.ts';
import { SERVER, startTenants } from './many-realms.ts';

/** The server of a customer, who can make it say anything. */
const HOSTILE = 'https://sso.hostile.example';
const SECRET = 'the-secret-of-all-tenants';

/** The tenant `acme` on the server of all, and the tenant `hostile`, whose realm has the name `acme` on a server of its own. */
function start(
  t: TestContext,
  { hostile = {} as Record<string, unknown>, more = {} as Record<string, unknown>, tenants = {} } = {},
) {
  const rows: Record<string, Record<string, unknown>> = {
    acme: { realm: 'acme' },
    hostile: { realm: 'acme', serverUrl: HOSTILE, clientSecret: 'of-hostile', ...hostile },
  };
  const get = async (name: string) => (Object.hasOwn(rows, name) ? rows[name] : undefined);
  const app = startTenants(t, get, { more: { clientSecret: SECRET, ...more }, tenants });
  const [acme, evil] = [app.realmOf('acme'), app.realmOf('acme', HOSTILE)];
  const verifierOf = async (name: string) =>
    (await app.door.verifierOf(app.requestOf(name))) as unknown as Verifier<object>;
  const statusOf = async (name: string, token?: string) => (await app.enter(name, token)).status;
  return { ...app, acme, evil, rows, verifierOf, statusOf };
}

describe('a tenant with a Keycloak of its own', () => {
  test('is itself, whatever its realm is called, and whichever of two was there first', async (t) => {
    for (const order of [
      ['acme', 'hostile'],
      ['hostile', 'acme'],
    ]) {
      const { enter, acme, evil, statusOf } = start(t);
      for (const name of order) {
        const realm = name === 'acme' ? acme : evil;
        assert.deepEqual(await enter(name, realm.mint()), { status: 200, tenant: name });
      }
      assert.equal(await statusOf('acme', evil.mint()), 401);
      assert.equal(await statusOf('hostile', acme.mint()), 401);
    }
  });

  test('is not the other one after that was idle, or left memory', async (t) => {
    t.mock.timers.enable({ apis: ['setInterval'] });
    const { enter, acme, evil, statusOf, door, advance } = start(t, { more: { maxTenants: 1 } });
    assert.equal(await statusOf('acme', acme.mint()), 200);
    t.mock.timers.tick(2_000_000);
    assert.equal(door.verifier.members.length, 0);
    advance(2_000);
    assert.deepEqual(await enter('hostile', evil.mint()), { status: 200, tenant: 'hostile' });
    assert.equal(await statusOf('acme', evil.mint()), 401);
    assert.deepEqual(await enter('acme', acme.mint()), { status: 200, tenant: 'acme' });
  });

  test('does not take the issuer of the other: not in its discovery document, nor later', async (t) => {
    const { acme, evil, statusOf, enter, advance } = start(t);
    evil.discovery = { issuer: acme.issuer };
    const lie = evil.mint({ iss: acme.issuer });
    assert.equal(await statusOf('hostile', lie), 500);
    assert.equal(await statusOf('acme', lie), 401);
    evil.discovery = { issuer: evil.issuer };
    advance(60);
    const own = evil.mint();
    assert.deepEqual(await enter('hostile', own), { status: 200, tenant: 'hostile' });
    evil.discovery = { issuer: acme.issuer };
    advance(70);
    for (let i = 0; i < 3; i++)
      assert.notEqual(await statusOf('hostile', evil.mint({ iss: acme.issuer })), 200);
    assert.equal(await statusOf('acme', acme.mint()), 200);
  });

  test('a realm of the server of all does not take the issuer of another server’s: its frontendUrl is its own', async (t) => {
    const { rows, realmOf, evil, statusOf } = start(t);
    rows.home = { realm: 'home' };
    const home = realmOf('home');
    home.discovery = { issuer: evil.issuer };
    assert.equal(await statusOf('home', home.mint({ iss: evil.issuer })), 500);
    assert.equal(await statusOf('hostile', evil.mint()), 200);
    assert.equal(await statusOf('home', home.mint({ iss: evil.issuer })), 500);
  });

  for (const [what, settings, more] of [
    ['its own secret', {}, {}],
    ['none, which is a fault', { clientSecret: undefined }, {}],
    ['its own key', { clientSecret: undefined, credential: { secret: 'of-hostile' } }, {}],
    ['none beside a credential of all', { clientSecret: undefined }, { credential: { secret: SECRET } }],
    ['its own beside a credential of all', {}, { clientSecret: undefined, credential: { secret: SECRET } }],
  ] as const) {
    test(`is never sent the secret of all: with ${what}`, async (t) => {
      const { sent, evil, acme, statusOf, rows, verifierOf } = start(t, {
        hostile: settings,
        more: { tokenCheck: 'remote', ...('credential' in more ? { clientSecret: undefined } : {}), ...more },
      });
      const isProved = (rows.hostile?.clientSecret ?? rows.hostile?.credential) !== undefined;
      assert.equal(await statusOf('hostile', evil.mint({ aud: 'my-api' })), isProved ? 200 : 500);
      assert.equal(await statusOf('acme', acme.mint({ aud: 'my-api' })), 200);
      const there = sent.filter(({ url }) => url.startsWith(HOSTILE));
      assert.equal(there.length > 0, isProved);
      const secrets = [SECRET, Buffer.from(`my-api:${SECRET}`).toString('base64')];
      for (const { body } of there) assert.ok(secrets.every((secret) => !body.includes(secret)));
      if (isProved) {
        const { credential } = partsOf(await verifierOf('hostile')) ?? {};
        assert.ok(credential?.secrets().includes('of-hostile'));
        assert.ok(!credential?.secrets().includes(SECRET));
      }
      assert.ok(
        partsOf(await verifierOf('acme'))
          ?.credential.secrets()
          .includes(SECRET),
      );
    });
  }

  test('is not sent the secret of permissions, either', async (t) => {
    const { door, evil, enter, sent, requestOf } = start(t);
    const permissions = door.permits.open({ clientSecret: SECRET });
    await enter('hostile', evil.mint());
    const caller = (await door.guard({}).decide(requestOf('hostile', evil.mint()), {})) as Principal;
    await assert.rejects(permissions.check(caller, ['orders#view']), /another origin/);
    assert.ok(sent.filter(({ url }) => url.startsWith(HOSTILE)).every(({ body }) => !body.includes(SECRET)));
  });
});

/** What two tenants share, and how the second would get at the first. Its realm says that it has the issuer of the other. */
const SAME_ISSUER = { issuer: `${SERVER}/realms/acme` };

describe('what tenants share is apart by name, even if the application gives both one issuer', () => {
  const both = (t: TestContext, more: Record<string, unknown> = {}) => {
    const all = start(t, { hostile: SAME_ISSUER, more });
    all.evil.discovery = SAME_ISSUER;
    const lie = (changes: Record<string, unknown> = {}) =>
      all.evil.mint({ iss: SAME_ISSUER.issuer, ...changes });
    return { ...all, lie };
  };

  test('tokens', async (t) => {
    const { acme, enter, statusOf, lie } = both(t);
    assert.deepEqual(await enter('hostile', lie()), { status: 200, tenant: 'hostile' });
    assert.equal(await statusOf('acme', lie()), 401);
    assert.equal(await statusOf('hostile', acme.mint()), 401);
  });

  for (const isShared of [false, true]) {
    test(`revocations, ${isShared ? 'in a store' : 'in memory'}: a logout there ends nothing here`, async (t) => {
      const revocationStore = createMemoryRevocationStore();
      const { acme, evil, statusOf, lie, verifierOf } = both(t, isShared ? { revocationStore } : {});
      const ids = { sid: 's1', sub: 'u1' };
      const [ours, theirs] = [acme.mint(ids), lie(ids)];
      assert.deepEqual([await statusOf('acme', ours), await statusOf('hostile', theirs)], [200, 200]);
      const logout = mintLogoutToken(evil, { iss: SAME_ISSUER.issuer, ...ids });
      const messages = messagesOf([(await verifierOf('hostile')) as never]);
      const log = { warn() {}, error() {} };
      const { status } = await messages.backchannelLogout(`logout_token=${logout}`, { log });
      assert.equal(status, 204);
      assert.deepEqual([await statusOf('acme', ours), await statusOf('hostile', theirs)], [200, 401]);
      const recheck: Revocation = {
        type: 'recheck',
        issuer: SAME_ISSUER.issuer,
        issuedUntil: acme.now + 1000,
      };
      await (await verifierOf('hostile')).revoke(recheck);
      assert.equal(await statusOf('acme', ours), 200);
    });
  }

  test('used logout tokens and proofs: ids are used up for one alone', async (t) => {
    const { verifierOf } = both(t, { revocationStore: createMemoryRevocationStore() });
    const [ours, theirs] = [await verifierOf('acme'), await verifierOf('hostile')];
    const until = Date.now() / 1000 + 60;
    for (const one of [theirs, ours]) {
      assert.deepEqual([await one.useOnce('id', until), await one.useOnce('id', until)], [true, false]);
    }
  });
});

describe('proofs (DPoP) of tenants', () => {
  const dpop = { dpop: 'required', publicUrl: 'https://api.example.com' };
  const client = createDpopClient();
  const proved = (realm: TestRealm, jti: string) => {
    const token = realm.mint({ typ: 'DPoP', cnf: { jkt: client.jkt } });
    const uri = 'https://api.example.com/';
    const proof = client.proof({ token, uri, now: realm.now }, { claims: { jti } });
    return { authorization: `DPoP ${token}`, dpop: proof };
  };

  test('are good once, also after many others have used theirs', async (t) => {
    const { enter, acme, rows, realmOf } = start(t, { more: { ...dpop, maxTenants: 2 } });
    const first = proved(acme, 'once');
    const status = async (name: string, headers: Record<string, string>) =>
      (await enter(name, headers.authorization?.slice(5), headers)).status;
    assert.equal(await status('acme', first), 200);
    for (let at = 0; at < 10; at++) {
      rows[`t${at}`] = { realm: `t${at}` };
      assert.equal(await status(`t${at}`, proved(realmOf(`t${at}`), 'once')), 200);
    }
    assert.equal(await status('acme', first), 401);
  });

  test('of a tenant that uses too many are refused for it alone, at an eighth of the memory of all, until the next window', async (t) => {
    const { verifierOf, acme, advance } = start(t, { more: dpop });
    const window = PROOF_SECONDS;
    const storeOf = async (name: string) => partsOf(await verifierOf(name))?.store as ProofStore;
    const hostile = await storeOf('hostile');
    const ours = await storeOf('acme');
    const use = (one: ProofStore, id: string) => one.useProofOnce(id, acme.now + window);
    advance(window - (acme.now % window));
    for (let used = 1; used < 62_500; used++) void use(hostile, String(used));
    assert.equal(await use(hostile, 'the last'), true);
    await assert.rejects(use(hostile, 'too many'), RangeError);
    assert.equal(await use(ours, 'id'), true);
    assert.equal(await use(ours, 'id'), false);
    advance(window);
    assert.equal(await use(hostile, 'the first of the next window'), true);
    assert.equal(2 * 2 * 62_500, MAX_PROOFS / 2, 'two of them, in the two windows that count, leave half');
  });
});

test('limits on logins: whoever guesses the password of a name at one tenant locks out no one of that name at another', async (t) => {
  const { door, requestOf, statusOf } = start(t);
  const guard = createLoginGuard(door as never, {
    ...{ loginsPerUser: 2, loginsPerAddress: 0 },
    address: () => '192.0.2.1',
    username: () => 'ann',
  });
  const logIn = async (name: string) => {
    try {
      await guard.decide(requestOf(name), {});
      return 200;
    } catch (error) {
      return (error as AuthError).statusCode;
    }
  };
  const at = async (name: string) => [await logIn(name), await logIn(name), await logIn(name)];
  assert.deepEqual(await at('hostile'), [200, 200, 429]);
  assert.deepEqual(await at('acme'), [200, 200, 429]);
  assert.equal(await logIn('made-up'), 404);
  assert.equal(await statusOf('acme'), 200);
});

describe('what the server of a tenant answers', () => {
  test('to a look-up of a permission is one page, however many there are', async (t) => {
    const { door, evil, requestOf, sent } = start(t);
    const pages: string[] = [];
    const one = { _id: 'a-b', name: 'x', owner: { id: 'c' }, scopes: [] };
    const { fetch } = evil;
    Object.assign(evil, {
      fetch: async (input: string, init?: RequestInit) => {
        if (input.endsWith('/token'))
          return Response.json({ access_token: 'pat', expires_in: 300, token_type: 'Bearer' });
        if (!input.includes('/authz/protection/')) return fetch(input, init);
        pages.push(input);
        return pages.length > 5 ? new Response(null, { status: 500 }) : Response.json(Array(200).fill(one));
      },
    });
    const permissions = door.permits.open();
    const caller = (await door.guard({}).decide(requestOf('hostile', evil.mint()), {})) as Principal;
    await assert.rejects(permissions.check(caller, ['orders#view']), { code: 'provider_misconfigured' });
    assert.equal(pages.length, 1);
    assert.ok(sent.length < 10);
  });

  for (const claim of ['jti', 'sid', 'sub']) {
    test(`in a token is no id of 513 characters, which revocations would keep: ${claim}`, async (t) => {
      const { statusOf, evil } = start(t);
      assert.equal(await statusOf('hostile', evil.mint({ [claim]: 'x'.repeat(512) })), 200);
      assert.equal(await statusOf('hostile', evil.mint({ [claim]: 'x'.repeat(513) })), 401);
    });
  }

  test('to introspection is no long id, either', async (t) => {
    const revocationStore = createMemoryRevocationStore();
    const shared: Revocation[] = [];
    revocationStore.subscribe((one) => void shared.push(one));
    const { statusOf, evil } = start(t, { more: { revocationStore, tokenCheck: 'remote' } });
    for (const length of [512, 513]) {
      const token = evil.mint({ aud: 'my-api', jti: undefined, sid: `s${length}` });
      evil.introspect = () => ({ active: true, jti: 'x'.repeat(length) });
      assert.equal(await statusOf('hostile', token), 200);
      evil.introspect = () => ({ active: false });
      assert.equal(await statusOf('hostile', token), 401);
    }
    assert.deepEqual(
      shared.map((one) => one.type === 'token' && one.tokenId.length),
      [512],
    );
  });

  test('as tokens of any length takes no more memory than short ones do', async (t) => {
    const { statusOf, evil, verifierOf } = start(t, { more: { maxCachedTokens: 10 } });
    for (let at = 0; at < 10; at++)
      assert.equal(await statusOf('hostile', evil.mint({ at, padding: 'x'.repeat(9_000) })), 200);
    const { cachedTokens } = (await verifierOf('hostile')).status();
    assert.equal(cachedTokens, 3);
    for (let at = 0; at < 20; at++) assert.equal(await statusOf('hostile', evil.mint({ at })), 200);
    assert.equal((await verifierOf('hostile')).status().cachedTokens, 10);
  });

  test('about how long its tokens live keeps no revocation of another tenant for longer', async (t) => {
    let now = 0;
    t.mock.method(performance, 'now', () => now);
    const { statusOf, acme, evil, verifierOf } = start(t);
    const far = evil.mint({ exp: 90_000_000_000 });
    assert.deepEqual([await statusOf('acme', acme.mint()), await statusOf('hostile', far)], [200, 200]);
    const ours = await verifierOf('acme');
    const revoke = (tokenId: string) => ours.revoke({ type: 'token', issuer: acme.issuer, tokenId });
    await revoke('first');
    now = 24 * 60 * 60 * 1000 + 1;
    await revoke('second');
    assert.equal(ours.status().revocations, 1);
  });
});

test('names of people are counted under the secret of all tenants, so that whoever reads the store cannot guess them', async (t) => {
  const keys: string[][] = [];
  for (const more of [{}, { clientSecret: 'another' }]) {
    const counted: string[] = [];
    const { door, requestOf } = start(t, { more });
    const store = {
      increment: (key: string) => {
        counted.push(key);
        return { totalHits: 1, resetMs: 1 };
      },
    };
    const guard = createLoginGuard(door as never, {
      ...{ store, address: () => '192.0.2.1', username: () => 'ann' },
    });
    await guard.decide(requestOf('acme'), {});
    keys.push(counted);
  }
  assert.equal(keys[0]?.length, 2);
  assert.ok(keys[0]?.every((key) => !keys[1]?.includes(key)));
});
