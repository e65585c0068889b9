// What ends where: what happens to a sign-in, how this application can learn of it, and everything that holds on to the sign-in. A cell
// says when the holder ends. "With its token" is not soon: it is what the docs say, in the sentence beside it.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, type TestContext, test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { NEIGHBOUR, PERSON } from './realm.ts';
import { HOLDERS, type Holder, type StageOptions, type Stores, startStage } from './stage.ts';

type Stage = Awaited<ReturnType<typeof startStage>>;
type Held = Awaited<ReturnType<Stage['hold']>>;
type End = 'at once' | 'within 30 s' | 'with its token' | 'never';

interface Row {
  readonly what: string;
  /** How the application learns of it. */
  readonly by: string;
  readonly options?: StageOptions;
  act(stage: Stage, held: Held): unknown;
  readonly ends: End;
  readonly but?: Partial<Record<Holder, End>>;
  /** Where the docs say that it takes so long. */
  readonly said?: readonly [file: string, sentence: string];
  /** Whether everybody is concerned. Default: nobody else is. */
  readonly isOfAll?: boolean;
  /** Whether somebody who signs in afterwards is let in. Default true. */
  readonly anew?: boolean;
}

const LOCAL = ['docs/threat-model.md', 'A revoked token is good until it expires'] as const;
const ROLES = ['docs/threat-model.md', 'What stands in the token counts until it expires'] as const;
const IN_COOKIE = {
  session: 'never',
  'session, other process': 'never',
  'stream of a session': 'never',
} as const;
const logOut = ({ idp }: Stage) => idp.logoutUser(PERSON);
const disable = ({ idp }: Stage) => idp.disableUser(PERSON);
const takeRole = ({ idp }: Stage) => idp.updateUser(PERSON, { realmRoles: [] });
const setNotBefore = ({ idp }: Stage) => idp.updateRealm({ notBefore: Math.floor(idp.now() / 1000) + 1 });
const removeKey = ({ idp }: Stage) => idp.rotateKeys({ keepOld: false });
const events = { hasEvents: true } as const;

export const ROWS: readonly Row[] = [
  {
    ...{ what: 'a logout in Keycloak', by: 'its message', options: { hasMessages: true } },
    ...{ act: logOut, ends: 'at once' },
  },
  { what: 'a logout in Keycloak', by: 'the recheck', act: logOut, ends: 'within 30 s' },
  { what: 'a logout in Keycloak', by: 'events', options: events, act: logOut, ends: 'at once' },
  {
    ...{ what: 'a logout in Keycloak', by: 'a question for each request', act: logOut },
    ...{ options: { tokenCheck: 'remote' }, ends: 'at once' },
  },
  {
    ...{ what: 'a logout in Keycloak', by: 'nothing', options: { tokenCheck: 'local' }, act: logOut },
    ...{ ends: 'with its token', said: LOCAL, but: { permission: 'within 30 s' } },
  },
  {
    ...{ what: 'a sign-out here', by: 'itself', act: (_, { signOut }) => signOut() },
    // The tokens are of another sign-in of the same person.
    ...{
      ends: 'with its token',
      said: ['docs/sessions.md', 'POST /auth/logout?scope=everywhere'],
    },
    but: { session: 'at once', 'session, other process': 'at once', 'stream of a session': 'at once' },
  },
  { what: 'a user is disabled', by: 'the recheck', act: disable, ends: 'within 30 s', anew: false },
  {
    // Keycloak sends no message.
    ...{ what: 'a user is disabled', by: 'messages, and so the recheck', options: { hasMessages: true } },
    ...{ act: disable, ends: 'within 30 s', anew: false },
  },
  { what: 'a user is disabled', by: 'events', options: events, act: disable, ends: 'at once', anew: false },
  {
    ...{ what: 'a user is disabled', by: 'nothing', options: { tokenCheck: 'local' }, act: disable },
    ...{ ends: 'with its token', said: LOCAL, but: { permission: 'within 30 s' }, anew: false },
  },
  {
    ...{ what: 'a role is taken away', by: 'the recheck', act: takeRole, anew: false },
    ...{ ends: 'with its token', said: ROLES },
  },
  {
    what: 'a role is taken away',
    by: 'events',
    options: events,
    act: takeRole,
    ends: 'at once',
    anew: false,
  },
  { what: 'a not-before', by: 'the recheck', act: setNotBefore, ends: 'within 30 s', isOfAll: true },
  { what: 'a not-before', by: 'events', options: events, act: setNotBefore, ends: 'at once', isOfAll: true },
  {
    ...{ what: 'a revocation', by: 'the application', ends: 'at once' },
    async act({ one: { kc }, idp }) {
      const { subject } = await kc.verifier.verify(await idp.issueToken({ username: PERSON }));
      const issuedUntil = Math.ceil(Date.now() / 1000) + 1;
      const user = { type: 'user', issuer: idp.issuer, subject: subject as string, issuedUntil } as const;
      await kc.verifier.members[0]?.revoke(user);
    },
  },
  {
    ...{ what: 'another key', by: 'the keys, where the old one stays', isOfAll: true },
    act: ({ idp }) => idp.rotateKeys({ keepOld: true }),
    ...{ ends: 'with its token', but: IN_COOKIE },
    said: ['packages/testing/src/dev-idp.ts', 'tokens of the old keys stay valid'],
  },
  { what: 'a key is removed', by: 'the recheck', act: removeKey, ends: 'within 30 s', isOfAll: true },
  {
    ...{ what: 'the secret becomes another one', by: 'the recheck', isOfAll: true },
    // Of a session it is a fault: nobody is signed out for it. The client asks about permissions.
    act: (stage) => stage.changeSecret(),
    ...{ ends: 'with its token', said: ['docs/production.md', 'still verifies tokens'] },
    but: { permission: 'within 30 s' },
  },
];

const ROOT = new URL('../../', import.meta.url);

/** @param stores called for each of the two processes. Default: they share in memory */
export function describeEndings(name: string, rows: readonly Row[], stores?: (t: TestContext) => Stores) {
  describe(`what ends where: ${name}`, { concurrency: 3 }, () => {
    for (const row of rows) {
      const { what, by, options = {}, ends, but, said, isOfAll = false, anew = true } = row;
      test(`${what}, learnt by ${by}: everything ends ${ends}${but === undefined ? '' : `, but ${Object.keys(but)}`}`, async (t) => {
        if (ends === 'with its token') assert.ok(said !== undefined, 'never promised: the docs say so');
        if (said !== undefined) {
          const text = (await readFile(new URL(said[0], ROOT), 'utf8')).replace(/\s+/g, ' ');
          assert.ok(text.includes(said[1]), `${said[0]} says "${said[1]}"`);
        }
        const stage = await startStage(t, options, stores);
        const held = await stage.hold(PERSON);
        const neighbour = await stage.hold(NEIGHBOUR);
        const expected = new Map(HOLDERS.map((one) => [one, but?.[one] ?? ends]));
        const seen = new Map<Holder, End>();

        /** Those that are due are waited for, the others are looked at. */
        async function look(now: End): Promise<void> {
          for (const holder of HOLDERS) {
            if (seen.has(holder)) continue;
            const isOut = async () => (await held.holders[holder]()) !== 'in';
            if (expected.get(holder) === now) await eventually(`${holder} ends ${now}`, isOut, 30_000, 100);
            if (await isOut()) seen.set(holder, now);
          }
          if (isOfAll || now === 'with its token') return;
          for (const holder of HOLDERS)
            assert.equal(await neighbour.holders[holder](), 'in', `${holder} of somebody else, ${now}`);
        }

        for (const holder of HOLDERS) assert.equal(await held.holders[holder](), 'in', holder);
        stage.stopClock();
        await row.act(stage, held);
        await look('at once');
        stage.passSeconds(31);
        await look('within 30 s');
        stage.passSeconds(300);
        await look('with its token');
        for (const holder of HOLDERS) if (!seen.has(holder)) seen.set(holder, 'never');
        assert.deepEqual(Object.fromEntries(seen), Object.fromEntries(expected));
        assert.equal(await stage.letsInAnew(PERSON), anew, 'whoever signs in afterwards');
      });
    }
  });
}
