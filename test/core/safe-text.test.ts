import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { toSafeText } from '../../packages/guard/src/core/http/errors.ts';
import type { VerifierOptions } from '../../packages/guard/src/core/index.ts';
import { assertRefused, refusalOf, settle } from '../support/refusal.ts';
import { createTestRealm, startLoaded } from '../support/test-realm.ts';

describe('a text of somebody else', () => {
  for (const [text, safe] of [
    ['Invalid client', 'Invalid client'],
    ['got Authorization: Basic bXk6c2VjcmV0=', 'got Authorization: Basic …'],
    ['bearer eyJhbGciOi.eyJ.sig-_ was refused', 'bearer … was refused'],
    ['DPoP  abcdef', 'DPoP  …'],
    ['Bearer realm="x", error="invalid_token"', 'Bearer realm="x", error="invalid_token"'],
    ['a\r\nb\u0000\u001b[31mc\u0085\u2028\u202ed', 'a  b  [31mc   d'],
    ['a\u115fb\u3164c\u034fd\ufe0fe\u2800f', 'a b c d e f'],
    ['the s3cret and s3cret', 'the … and …'],
    ['x'.repeat(301), `${'x'.repeat(300)}…`],
    ['x'.repeat(300), 'x'.repeat(300)],
  ] as const) {
    it(`is shown as ${JSON.stringify(safe).slice(0, 60)}`, () => {
      assert.equal(toSafeText(text, ['s3cret']), safe);
    });
  }

  it('is cut after what is hidden was hidden', () => {
    assert.equal(toSafeText(`${'x'.repeat(297)}s3cret`, ['s3cret']), `${'x'.repeat(297)}…`);
  });
});

const SECRET = 'a+b c/d&é=';
const ENCODED = 'a%2Bb+c%2Fd%26%C3%A9%3D';
const BASIC = Buffer.from(`my-api:${ENCODED}`).toString('base64');

describe('a proxy that shows what it was sent', () => {
  const forms = [SECRET, ENCODED, BASIC, `Authorization: Basic ${BASIC}`, BASIC.slice(0, -6)];
  for (const [name, answer] of [
    ['a page', (form: string) => ({ status: 403, body: `<pre>Authorization: Basic ${form}</pre>` })],
    [
      'JSON',
      (form: string) => ({
        status: 401,
        body: { error: `Basic ${form}`, error_description: `Basic ${form}` },
      }),
    ],
    ['an outage', (form: string) => ({ status: 502, body: `Basic ${form}` })],
    [
      'an outage in JSON',
      (form: string) => ({ status: 502, body: { error: form === forms[4] ? 'x' : form } }),
    ],
  ] as const) {
    it(`puts no secret into a notice or an error: ${name}`, async () => {
      for (const form of forms) {
        const { realm, verifier } = await startLoaded({ clientSecret: SECRET, whenUnavailable: 'refuse' });
        realm.introspect = () => answer(form);
        const error = await refusalOf(() =>
          verifier.verify(realm.mint({ scope: 'profile', iat: realm.now - 60 })),
        );
        const { reason, seen, expected, message } = error;
        const shown = JSON.stringify([realm.notices, reason, seen, expected, message]);
        for (const secret of forms) assert.ok(!shown.includes(secret), shown);
      }
    });
  }

  it('nor the token', async () => {
    const { realm, verifier } = await startLoaded({ clientSecret: undefined });
    realm.userinfo = (token) => ({ status: 401, body: { error: 'invalid_token', error_description: token } });
    const token = realm.mint({ iat: realm.now - 60 });
    const { seen } = await assertRefused(() => verifier.verify(token), 'token_revoked');
    assert.equal(seen, 'HTTP 401 {"error":"invalid_token","error_description":"…"}');
  });

  it('nor what a fetch of the application puts into its error', async () => {
    const realm = createTestRealm();
    const verifier = realm.verifier({
      clientSecret: SECRET,
      fetch: async (url, init) => {
        if (!String(url).endsWith('/introspect')) return realm.fetch(url, init);
        throw new Error(`sent ${JSON.stringify(init?.headers)} with ${SECRET}`);
      },
    });
    await verifier.load();
    await verifier.close();
    await verifier.verify(realm.mint({ iat: realm.now - 60 }));
    const shown = JSON.stringify(realm.notices);
    assert.match(shown, /introspect gave no answer: sent /);
    for (const secret of [SECRET, BASIC]) assert.ok(!shown.includes(secret), shown);
  });

  it('and is not taken for Keycloak: what it refuses is an outage, not a wrong secret', async () => {
    const { realm, verifier } = await startLoaded();
    for (const body of ['<h1>401</h1>', { message: 'Unauthorized' }, { error: 401 }, '']) {
      realm.introspect = () => ({ status: 401, body });
      await verifier.verify(realm.mint({ iat: realm.now - 60 }));
      realm.advance(2);
    }
    const codes = realm.notices.map(({ code }) => code);
    assert.deepEqual(codes, ['keys_loaded', 'provider_unavailable']);
  });
});

it('a claim of 8,000 characters is not repeated whole', async () => {
  const { realm, verifier } = await startLoaded();
  const long = 'x'.repeat(8_000);
  for (const changes of [{ iss: long }, { aud: long, azp: long }, { aud: [long, long] }, { typ: long }]) {
    const {
      seen = '',
      expected = '',
      reason,
    } = await refusalOf(() => verifier.verify(realm.mint({ azp: 'other', ...changes })));
    assert.ok(seen.length <= 301 && expected.length < 100 && reason.length < 100, seen);
    assert.match(seen, /^(iss|aud|claim typ) x+…$/);
  }
});

for (const [name, onNotice] of [
  ['throws', () => assert.fail('the log is full')],
  ['rejects', async () => assert.fail('the log is full')],
  ['gives a promise of another make, which rejects', () => foreign((_, reject) => reject(new Error('full')))],
  ['gives a promise of another make, which throws', () => foreign(() => assert.fail('full'))],
] as const) {
  it(`onNotice that ${name} harms nobody`, async (t) => {
    const unhandled: unknown[] = [];
    const listen = (error: unknown) => unhandled.push(error);
    process.on('unhandledRejection', listen);
    t.after(() => process.off('unhandledRejection', listen));
    const { realm, verifier } = await startLoaded({ onNotice: onNotice as VerifierOptions['onNotice'] });
    realm.setAll('down');
    assert.ok(await verifier.verify(realm.mint({ iat: realm.now - 60 })));
    await settle();
    assert.deepEqual(unhandled, []);
  });
}

function foreign(
  settling: (resolve: (value: unknown) => void, reject: (error: unknown) => void) => void,
): unknown {
  return Object.fromEntries([['then', settling]]);
}
