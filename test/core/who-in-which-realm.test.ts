import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createMemoryRevocationStore, type Revocation } from '../../packages/guard/src/core/index.ts';
import { assertRefused } from '../support/refusal.ts';
import { createTestRealm, type TestRealm } from '../support/test-realm.ts';
import { messagesOf, mintLogoutToken } from './signed-messages.ts';

const SILENT = { log: { warn() {}, error() {} } };
/** The ids of a user, which another realm can give an account of its own. */
const IDS = { sub: 'u1', sid: 's1', jti: 'j1', azp: 'my-api' };
const PARTNER = { serverUrl: 'https://partner.example.com', realm: 'partner' };
const INSIDE = {
  serverUrl: 'http://keycloak:8080',
  realm: 'staff',
  issuer: 'https://sso.example.com/realms/staff',
};

type Messages = ReturnType<typeof messagesOf>;
type Send = (messages: Messages, realm: TestRealm) => Promise<{ status: number }>;

const logout =
  (changes: Record<string, unknown>): Send =>
  (messages, realm) =>
    messages.backchannelLogout({ logout_token: mintLogoutToken(realm, changes) }, SILENT);

/** Every message that revokes. */
const MESSAGES: Readonly<Record<string, Send>> = {
  'a logout of a session': logout({}),
  'a logout of a user': logout({ sid: undefined }),
};

/** Where the staff's realm is. */
const STAFF: Readonly<Record<string, object>> = {
  'at another address than its issuer': INSIDE,
  'at its address': { realm: 'staff' },
};

async function start(staffIs: string, order: string, claimsToBe: 'itself' | 'the staff') {
  const staff = createTestRealm(STAFF[staffIs]);
  const partner = createTestRealm({
    ...PARTNER,
    ...(claimsToBe === 'itself' ? {} : { issuer: staff.issuer }),
  });
  const store = createMemoryRevocationStore(staff.clock);
  const added: Revocation[] = [];
  const revocationStore = {
    ...store,
    async add(revocation: Revocation) {
      added.push(revocation);
      await store.add(revocation);
    },
  };
  const options = { revocationStore, tokenCheck: 'local' as const };
  const ours = staff.verifier({ ...options, issuer: staff.issuer });
  const theirs = partner.verifier({ ...options, issuer: `${PARTNER.serverUrl}/realms/${PARTNER.realm}` });
  await ours.load();
  const token = staff.mint(IDS);
  await ours.verify(token);
  const messages = messagesOf(order === 'first' ? [ours, theirs] : [theirs, ours]);
  return { staff, partner, ours, theirs, messages, added, token };
}

describe('a message that another realm signed', () => {
  for (const staffIs of Object.keys(STAFF)) {
    for (const order of ['first', 'last']) {
      for (const claimsToBe of ['itself', 'the staff'] as const) {
        for (const isLoaded of [true, false]) {
          for (const [name, send] of Object.entries(MESSAGES)) {
            it(`ends nothing of the staff, ${staffIs}, ${order}: ${name} of one that is ${claimsToBe}${isLoaded ? '' : ', not loaded'}`, async (t) => {
              const { staff, partner, ours, theirs, messages, added, token } = await start(
                staffIs,
                order,
                claimsToBe,
              );
              t.after(() => Promise.all([ours.close(), theirs.close()]));
              if (isLoaded) await theirs.load();
              await send(messages, partner);
              assert.deepEqual(
                added.filter(({ issuer }) => issuer === staff.issuer),
                [],
              );
              assert.ok(await ours.verify(token));
            });
          }
        }
      }
    }
  }
});

describe('a message of the realm itself', () => {
  for (const staffIs of Object.keys(STAFF)) {
    for (const [name, send] of Object.entries(MESSAGES)) {
      it(`ends its tokens beside a realm that takes its name, ${staffIs}: ${name}`, async (t) => {
        const { staff, partner, ours, theirs, messages, token } = await start(staffIs, 'last', 'the staff');
        t.after(() => Promise.all([ours.close(), theirs.close()]));
        await theirs.load();
        // What was used there is not used here.
        await send(messages, partner);
        assert.equal((await send(messages, staff)).status, 204);
        await assertRefused(() => ours.verify(token), 'token_revoked');
      });

      it(`ends no token of another realm with the same ids: ${name}`, async (t) => {
        const { staff, partner, ours, theirs, messages } = await start(staffIs, 'first', 'itself');
        t.after(() => Promise.all([ours.close(), theirs.close()]));
        const theirToken = partner.mint(IDS);
        await theirs.verify(theirToken);
        assert.equal((await send(messages, staff)).status, 204);
        assert.ok(await theirs.verify(theirToken));
      });
    }
  }

  it('is used once there, and may be used here with the same id', async (t) => {
    const { staff, partner, ours, theirs, messages } = await start('at its address', 'first', 'itself');
    t.after(() => Promise.all([ours.close(), theirs.close()]));
    await theirs.load();
    const statuses = [];
    for (const realm of [partner, staff])
      statuses.push((await logout({ jti: 'j1' })(messages, realm)).status);
    assert.deepEqual(statuses, [204, 204]);
  });
});

describe('separate verifiers with one revocation store', () => {
  const conflicts = ({ notices }: TestRealm) => notices.filter(({ code }) => code === 'issuer_conflict');

  async function share(more: { staff?: object; partner?: object }) {
    const staff = createTestRealm({ realm: 'staff' });
    const partner = createTestRealm({ ...PARTNER, issuer: staff.issuer });
    const revocationStore = createMemoryRevocationStore(staff.clock);
    for (const [realm, options] of [
      [staff, more.staff],
      [partner, more.partner],
    ] as const) {
      const verifier = realm.verifier({ revocationStore, tokenCheck: 'local', ...options });
      await verifier.verify(realm.mint());
      await verifier.verify(realm.mint());
      await verifier.close();
    }
    return [...conflicts(staff), ...conflicts(partner)];
  }

  it('warn once where two realms say that they are the same', async () => {
    const [notice, ...others] = await share({});
    assert.deepEqual(others, []);
    assert.equal(notice?.level, 'warn');
    assert.match(
      notice?.message ?? '',
      /^https:\/\/sso\.example\.com\/realms\/staff and https:\/\/partner\.example\.com\/realms\/partner both say/,
    );
  });

  it('warn where the options say it of one alone: the other says itself who it is', async () => {
    const issuer = createTestRealm({ realm: 'staff' }).issuer;
    for (const pinned of ['staff', 'partner'])
      assert.equal((await share({ [pinned]: { issuer } })).length, 1, pinned);
  });

  it('are silent where the options say who they are, or each has a store', async () => {
    const issuer = createTestRealm({ realm: 'staff' }).issuer;
    assert.deepEqual(await share({ staff: { issuer }, partner: { issuer } }), []);
    assert.deepEqual(await share({ partner: { revocationStore: createMemoryRevocationStore() } }), []);
  });
});
