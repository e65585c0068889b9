import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createClient } from '../../packages/guard/src/client/index.ts';
import {
  combineVerifiers,
  createMemoryRevocationStore,
  type Notice,
  type TokenVerifier,
} from '../../packages/guard/src/core/index.ts';
import {
  createMemorySessionStore,
  createSessions,
  type SessionStore,
} from '../../packages/guard/src/session/index.ts';
import { createTestRealm } from '../support/test-realm.ts';

/** One's own: what it keeps may be anywhere. */
const ownStore = (): SessionStore => {
  const memory = createMemorySessionStore();
  const { get, create, replace, touch, remaining, delete: remove, lock, close } = memory;
  return { get, create, replace, touch, remaining, delete: remove, lock, close };
};

function open(t: TestContext, verifier: TokenVerifier, store?: SessionStore): void {
  const sessions = createSessions({
    verifier,
    store,
    client: createClient({ serverUrl: 'http://localhost:8080', realm: 'testing', clientId: 'my-app' }),
    secret: 'b7f3c1d95e0a4826b7f3c1d95e0a4826',
  });
  t.after(() => sessions.close());
}

test('sessions that others may see, and revocations that they do not, are told of with the way out', (t) => {
  const notices: Notice[] = [];
  const realm = createTestRealm();
  open(t, realm.verifier({ onNotice: (notice: Notice) => void notices.push(notice) }), ownStore());
  assert.equal(notices.length, 1);
  const [{ level, code, message, fix }] = notices as [Notice];
  assert.deepEqual([level, code], ['warn', 'logout_not_shared']);
  assert.match(message, /a logout here counts in the others only some seconds later$/);
  assert.match(fix ?? '', /createRedisRevocationStore.+createMemoryRevocationStore\(\) for a single process/);
});

test('of several realms, the one that shares nothing is told of', (t) => {
  const codes: string[] = [];
  const member = (name: string, more: object) => {
    const realm = createTestRealm({ realm: name });
    const onNotice = ({ code }: Notice) => void codes.push(`${name} ${code}`);
    return realm.verifier({ ...more, issuer: realm.issuer, onNotice });
  };
  const revocationStore = createMemoryRevocationStore();
  const members = ['one', 'two', 'three'].map((name) =>
    member(name, name === 'one' ? { revocationStore } : {}),
  );
  open(t, combineVerifiers(members), ownStore());
  assert.deepEqual(codes, ['two logout_not_shared']);
});

test('nothing is said of a store in memory, given or not, nor of a verifier of one’s own', (t) => {
  const onNotice = () => assert.fail('nothing is wrong');
  const realm = createTestRealm();
  open(t, realm.verifier({ onNotice }));
  open(t, realm.verifier({ onNotice }), createMemorySessionStore());
  open(t, realm.verifier({ onNotice, revocationStore: createMemoryRevocationStore() }), ownStore());
  const own = { verify: realm.verifier().verify, load: async () => {}, close: async () => {} };
  open(t, { ...own, clientId: 'my-app', members: [] }, ownStore());
  open(t, { ...own, clientId: 'my-app', members: [{}] } as unknown as TokenVerifier, ownStore());
});
