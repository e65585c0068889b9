import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { AuthError, readBearerToken, type Verifier } from '../../packages/guard/src/core/index.ts';
import type { Organization } from '../../packages/guard/src/core/principal/principal.ts';
import { toPrincipal } from '../../packages/guard/src/core/principal/to-principal.ts';
import { anyText } from '../support/any-text.ts';
import { assertRefused, refusalOf } from '../support/refusal.ts';
import { createTestKey } from '../support/signing-keys.ts';
import { createTestRealm, rsa } from '../support/test-realm.ts';

/** Of each token. */
const RUNS = 2_000;
/** Of what is made up, member by member. */
const FEWER_RUNS = 600;
const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const ec = createTestKey('ES256');
const realm = createTestRealm({ keys: [rsa(), ec] });
let verifier: Verifier;

/** (r, n − s): the other signature that every ECDSA signature comes with. */
function twinOf(token: string): string {
  const [header, payload, signature] = token.split('.') as [string, string, string];
  const bytes = Buffer.from(signature, 'base64url');
  const s = ORDER - BigInt(`0x${bytes.subarray(32).toString('hex')}`);
  const twin = Buffer.concat([bytes.subarray(0, 32), Buffer.from(s.toString(16).padStart(64, '0'), 'hex')]);
  return `${header}.${payload}.${twin.toString('base64url')}`;
}

const letter = fc.constantFrom(
  ...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ \n\u0000é',
);

/** Another text than the token: letters replaced, put in, taken out, swapped, cut. */
const mutationOf = (token: string) => {
  const at = fc.nat(token.length - 1);
  const replace = fc.tuple(at, letter).map(([i, c]) => token.slice(0, i) + c + token.slice(i + 1));
  const insert = fc
    .tuple(at, fc.string({ unit: letter, minLength: 1, maxLength: 5 }))
    .map(([i, s]) => token.slice(0, i) + s + token.slice(i));
  const remove = fc
    .tuple(at, fc.integer({ min: 1, max: 5 }))
    .map(([i, n]) => token.slice(0, i) + token.slice(i + n));
  const swap = fc.tuple(at, at).map(([i, j]) => {
    const letters = [...token];
    [letters[i], letters[j]] = [letters[j] as string, letters[i] as string];
    return letters.join('');
  });
  const cut = at.map((i) => token.slice(0, i));
  const append = fc.string({ unit: letter, minLength: 1, maxLength: 8 }).map((s) => token + s);
  return fc.oneof(replace, insert, remove, swap, cut, append).filter((one) => one !== token);
};

describe('whatever becomes of a token on its way', () => {
  before(async () => {
    verifier = realm.verifier({ tokenCheck: 'local' });
    await verifier.load();
  });
  after(() => verifier.close());

  for (const key of [rsa(), ec]) {
    it(`no mutation of a valid ${key.alg} token is ever accepted`, async () => {
      const token = realm.mint({}, { key });
      await verifier.verify(token);
      // The one exception is known by name, and has a test of its own below.
      const twin = key === ec ? twinOf(token) : undefined;
      await fc.assert(
        fc.asyncProperty(
          mutationOf(token).filter((one) => one !== twin),
          async (mutation) => {
            const error = await refusalOf(() => verifier.verify(mutation));
            return error.statusCode === 401;
          },
        ),
        { numRuns: RUNS, seed: 21 },
      );
    });
  }

  it('the twin of an ECDSA signature is good by the nature of ECDSA, and is revoked with its token', async () => {
    const token = realm.mint({ jti: 'the-id' }, { key: ec });
    const twin = twinOf(token);
    assert.notEqual(twin, token);
    assert.equal((await verifier.verify(twin)).username, 'abdullah');
    await verifier.verify(token);
    await verifier.revoke({ type: 'token', issuer: realm.issuer, tokenId: 'the-id' });
    await assertRefused(() => verifier.verify(twin), 'token_revoked');
    await assertRefused(() => verifier.verify(token), 'token_revoked');
  });

  it('no header makes reading it fail with anything but an AuthError', () => {
    fc.assert(
      fc.property(
        fc.option(
          fc.oneof(
            anyText,
            fc.string().map((text) => `Bearer ${text}`),
          ),
          { nil: undefined },
        ),
        fc.option(fc.array(fc.string()), { nil: undefined }),
        (authorization, rawHeaders) => {
          try {
            return readBearerToken({ headers: { authorization }, rawHeaders }) !== '';
          } catch (error) {
            return error instanceof AuthError && [400, 401].includes(error.statusCode);
          }
        },
      ),
      { numRuns: RUNS, seed: 21 },
    );
  });

  it('no header and payload, even signed by the realm, fail with anything but an AuthError', async () => {
    const odd = fc.record(
      Object.fromEntries(
        ['iss', 'exp', 'nbf', 'iat', 'typ', 'aud', 'azp', 'cnf', 'sub', 'jti', 'sid'].map((claim) => [
          claim,
          fc.jsonValue(),
        ]),
      ),
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(
        odd,
        fc.dictionary(fc.constantFrom('typ', 'kid', 'crit', 'x'), fc.jsonValue()),
        async (changes, header) => {
          try {
            const principal = await verifier.verify(realm.mint(changes, { key: ec, header }));
            return principal.issuer === realm.issuer;
          } catch (error) {
            return error instanceof AuthError && error.statusCode === 401;
          }
        },
      ),
      { numRuns: FEWER_RUNS, seed: 21 },
    );
  });

  it('no claims break the principal, and every member is of its type', () => {
    const names = [
      'sub',
      'preferred_username',
      'email',
      'name',
      'realm_access',
      'resource_access',
      'groups',
      'organization',
      'scope',
      'aud',
      'sid',
      'session_state',
      'azp',
    ];
    const value = fc.oneof(
      fc.jsonValue(),
      fc.record({ roles: fc.jsonValue() }),
      fc.dictionary(fc.string(), fc.record({ roles: fc.jsonValue() })),
    );
    const isTexts = (list: readonly unknown[]) =>
      Array.isArray(list) && list.every((one) => typeof one === 'string');
    const isText = (one: unknown) => one === null || (typeof one === 'string' && one !== '');
    const isOrganization = ({ alias, id, domain, attributes, ...there }: Organization) =>
      alias !== '' &&
      [alias, id, domain].every((one) => one === null || typeof one === 'string') &&
      Object.values(attributes).every(isTexts) &&
      [there.groups, there.realmRoles, ...Object.values(there.clientRoles)].every(isTexts);
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...names), value), (claims) => {
        const p = toPrincipal(claims, claims);
        return (
          [p.subject, p.username, p.email, p.name, p.sessionId, p.authorizedParty].every(isText) &&
          [p.realmRoles, p.groups, p.scopes, p.audience].every(isTexts) &&
          p.organizations.every(isOrganization) &&
          Object.values(p.clientRoles).every(isTexts) &&
          Object.isFrozen(p)
        );
      }),
      { numRuns: FEWER_RUNS, seed: 21 },
    );
  });
});
