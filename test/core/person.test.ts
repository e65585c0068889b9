import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Principal } from '../../packages/guard/src/core/index.ts';
import { personOf, personOfClaims } from '../../packages/guard/src/core/internal.ts';

const of = (more: Partial<Principal>): string =>
  personOf({ issuer: 'a', subject: 's', authorizedParty: 'page', sessionId: 's1', ...more } as Principal);

test('a person is the same with every client and in every session, and another one in another realm', () => {
  assert.equal(of({}), of({ authorizedParty: 'other', sessionId: 's2' }));
  assert.notEqual(of({}), of({ subject: 't' }));
  assert.notEqual(of({}), of({ issuer: 'b' }));
});

test('where nobody is named, client and session have to be the same', () => {
  const nameless = { subject: null };
  assert.equal(of(nameless), of(nameless));
  assert.notEqual(of(nameless), of({}));
  assert.notEqual(of(nameless), of({ ...nameless, sessionId: 's2' }));
  assert.notEqual(of(nameless), of({ ...nameless, authorizedParty: 'other' }));
  // A service account has no session.
  const service = { subject: null, sessionId: null };
  assert.equal(of(service), of(service));
});

test('the claims of a token name the same person as its principal', () => {
  const claims = { iss: 'a', sub: 's', azp: 'page', sid: 's1' };
  assert.equal(personOfClaims(claims), of({}));
  for (const sub of [undefined, '', 7])
    assert.equal(personOfClaims({ ...claims, sub }), of({ subject: null }), String(sub));
  assert.equal(personOfClaims({ iss: 'a' }), of({ subject: null, authorizedParty: null, sessionId: null }));
});
