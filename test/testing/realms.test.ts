import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { DevIdp, DevIdpOptions, RealmRepresentation } from '../../packages/testing/src/index.ts';
import { startDevIdp } from '../../packages/testing/src/index.ts';
import { TESTING_REALM } from '../contract/provider/embedded-target.ts';

/** An EC key is made at once, an RSA key is not. */
const TEMPLATE = { ...TESTING_REALM, defaultSignatureAlgorithm: 'ES256' };
const shop = (realm: string): RealmRepresentation => ({ ...structuredClone(TEMPLATE), realm });

async function withIdp(options: DevIdpOptions, body: (idp: DevIdp) => Promise<void>): Promise<void> {
  const idp = await startDevIdp(options);
  try {
    await body(idp);
  } finally {
    await idp.close();
  }
}

const get = async (url: string, token?: string) => {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const answer = await fetch(url, { headers });
  return { status: answer.status, text: await answer.text() };
};

const userinfo = (issuer: string, token: string) => get(`${issuer}/protocol/openid-connect/userinfo`, token);
const kids = async (issuer: string) =>
  (
    JSON.parse((await get(`${issuer}/protocol/openid-connect/certs`)).text) as {
      keys: { kid: string; use: string }[];
    }
  ).keys
    .filter(({ use }) => use === 'sig')
    .map(({ kid }) => kid);

describe('several realms', () => {
  it('of one file have keys, users and sessions of their own', async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'realms-'));
    t.after(() => rm(folder, { recursive: true }));
    const realmFile = join(folder, 'realms.json');
    await writeFile(realmFile, JSON.stringify([shop('acme'), shop('globex')]));
    await withIdp({ realmFile }, async (idp) => {
      assert.equal(idp.realm, 'acme');
      const globex = idp.inRealm('globex');
      const [ours, theirs] = await Promise.all([idp, globex].map((realm) => realm.issueToken()));
      assert.equal((await userinfo(idp.issuer, String(ours))).status, 200);
      assert.equal((await userinfo(globex.issuer, String(theirs))).status, 200);
      assert.equal((await userinfo(globex.issuer, String(ours))).status, 401);
      assert.equal((await userinfo(idp.issuer, String(theirs))).status, 401);
      assert.notDeepEqual(await kids(idp.issuer), await kids(globex.issuer));
      globex.disableUser('abdullah');
      assert.equal((await userinfo(globex.issuer, String(theirs))).status, 401);
      assert.equal((await userinfo(idp.issuer, String(ours))).status, 200);
      assert.deepEqual([idp.sessionsOf('abdullah').length, globex.sessionsOf('abdullah').length], [1, 1]);
      assert.throws(() => idp.inRealm('initech'), {
        name: 'TypeError',
        message: "there is no realm 'initech'",
      });
    });
  });

  it('are warned of by their names', async () => {
    const old = { clientId: 'old', protocol: 'saml' };
    const [first, second] = ['acme', 'globex'].map((name) => ({ ...shop(name), clients: [old] }));
    await withIdp({ realm: [first, second] as RealmRepresentation[] }, async (idp) => {
      const text = 'client old: it speaks SAML; this provider speaks OpenID Connect alone';
      assert.deepEqual(idp.warnings, [text, `realm globex: ${text}`]);
      assert.deepEqual(idp.inRealm('globex').warnings, [text]);
    });
  });

  it('with one name are refused', async () => {
    const message = "there are two realms 'acme'";
    await assert.rejects(startDevIdp({ realm: [shop('acme'), shop('acme')] }), {
      name: 'TypeError',
      message,
    });
    await assert.rejects(startDevIdp({ realm: [] }), { message: 'the realm file has no realm' });
  });

  it('are added and removed while it runs', async () => {
    await withIdp({ realm: shop('acme') }, async (idp) => {
      const globex = idp.addRealm(shop('globex'));
      const token = await globex.issueToken();
      assert.equal((await userinfo(globex.issuer, token)).status, 200);
      assert.throws(() => idp.addRealm(shop('globex')), TypeError);
      idp.removeRealm('globex');
      const gone = await get(globex.issuer);
      assert.deepEqual([gone.status, gone.text], [404, '{"error":"Realm does not exist"}']);
    });
  });

  it('misbehave one by one, or all together', async () => {
    await withIdp({ realm: [shop('acme'), shop('globex')] }, async (idp) => {
      const globex = idp.inRealm('globex');
      const statuses = async () => [(await get(idp.issuer)).status, (await get(globex.issuer)).status];
      globex.answerWithError(503);
      assert.deepEqual(await statuses(), [200, 503]);
      globex.answerNormally();
      assert.deepEqual(await statuses(), [200, 200]);
      idp.answerWithError(500, 'realm');
      assert.deepEqual(await statuses(), [500, 500]);
      idp.answerNormally();
      globex.answerSlowly(Number.POSITIVE_INFINITY);
      const held = get(globex.issuer);
      assert.equal((await get(idp.issuer)).status, 200);
      globex.answerNormally();
      assert.equal((await held).status, 200);
    });
  });

  it('keep keys and sessions over a restart', async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'realms-'));
    t.after(() => rm(folder, { recursive: true }));
    const options = { realm: [shop('acme'), shop('globex')], stateFile: join(folder, 'state.json') };
    let token = '';
    let port = 0;
    await withIdp(options, async (idp) => {
      token = await idp.inRealm('globex').issueToken();
      port = idp.port;
    });
    await withIdp({ ...options, port }, async (idp) => {
      assert.equal((await userinfo(idp.inRealm('globex').issuer, token)).status, 200);
    });
  });
});

describe('realms on demand', () => {
  it('are copies of the template, with users of their own', async () => {
    await withIdp({ realm: shop('main'), realmTemplate: TEMPLATE }, async (idp) => {
      assert.equal((await get(`${idp.url}/realms/acme`)).status, 200);
      const [acme, globex] = ['acme', 'globex'].map((name) => idp.inRealm(name));
      const claims = await Promise.all(
        [acme, globex].map(async (realm) => {
          const token = (await realm?.issueToken()) ?? '';
          return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
        }),
      );
      assert.notEqual(claims[0].sub, claims[1].sub);
      assert.ok(claims[0].realm_access.roles.includes('default-roles-acme'));
      assert.equal((await get(`${idp.url}/realms/a%2Fb`)).status, 404);
    });
  });

  it('are for the names that a function wants', async () => {
    const realmTemplate = (name: string) => (name.startsWith('shop-') ? shop('x') : undefined);
    await withIdp({ realm: shop('main'), realmTemplate }, async (idp) => {
      assert.equal((await get(`${idp.url}/realms/shop-1`)).status, 200);
      assert.equal((await get(`${idp.url}/realms/other`)).status, 404);
    });
  });

  it('are cheap: a hundred, each with a token of its own', async () => {
    await withIdp({ realm: shop('main'), realmTemplate: TEMPLATE }, async (idp) => {
      const before = process.memoryUsage().heapUsed;
      for (let at = 0; at < 100; at += 1) assert.match(await idp.inRealm(`r${at}`).issueToken(), /^ey/);
      const kilobytes = (process.memoryUsage().heapUsed - before) / 100 / 1024;
      assert.ok(kilobytes < 200, `${Math.round(kilobytes)} KB a realm`);
    });
  });
});
