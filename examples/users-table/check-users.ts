// On Postgres in this process (PGlite), with tokens and events of a provider that answers as Keycloak does.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { PGlite } from '@electric-sql/pglite';
import { type DevIdp, startDevIdp } from '@keycloak-guard/testing';
import { sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/pglite';
import { createVerifier, type Principal, type Verifier } from 'keycloak-guard';
import { buildApp } from './app.ts';
import { compareAll, type Database, keepInStep, orders, type User, userOf, users } from './users.ts';

const CLIENT = { clientId: 'shop', clientSecret: 'of-these-tests' };
const REALM = {
  realm: 'shop',
  enabled: true,
  ...{ adminEventsEnabled: true, adminEventsDetailsEnabled: true, eventsEnabled: true },
  clients: [
    {
      clientId: 'shop',
      enabled: true,
      secret: 'of-these-tests',
      serviceAccountsEnabled: true,
      protocolMappers: [
        {
          name: 'audience',
          protocol: 'openid-connect',
          protocolMapper: 'oidc-audience-mapper',
          config: { 'included.client.audience': 'shop', 'access.token.claim': 'true' },
        },
      ],
    },
  ],
  users: [
    {
      username: 'service-account-shop',
      enabled: true,
      serviceAccountClientId: 'shop',
      clientRoles: { 'realm-management': ['view-events'] },
    },
  ],
};

const postgres = new PGlite();
const db: Database = drizzle({ client: postgres });
let idp: DevIdp;
let verifier: Verifier;

before(() => postgres.exec(readFileSync(new URL('users.sql', import.meta.url), 'utf8')));
after(() => postgres.close());
beforeEach(async () => {
  await postgres.exec('TRUNCATE users, orders RESTART IDENTITY');
  idp = await startDevIdp({ realm: REALM });
  idp.addUser({ username: 'ann', email: 'ann@example.com' });
  verifier = createVerifier({ serverUrl: idp.url, realm: 'shop', ...CLIENT, tokenCheck: 'local' });
});
afterEach(async () => {
  await verifier.close();
  await idp.close();
  rmSync('events.json', { force: true });
});

async function signIn(username: string, scope = 'openid profile email'): Promise<Principal> {
  return verifier.verify(await idp.issueToken({ username, clientId: 'shop', scope }));
}
/** Tokens have times of whole seconds. */
const aSecondLater = () => idp.advanceClock(1);
const rows = (): Promise<User[]> => db.select().from(users).orderBy(users.id);
/** The transactions that wrote the rows last. */
const writes = async () => (await db.select({ by: sql`xmin::text` }).from(users)).map(({ by }) => by);

test('the first request makes a row, and later ones write nothing', async () => {
  const ann = await signIn('ann');
  const user = await userOf(db, ann);
  assert.deepEqual(await rows(), [user]);
  const { issuer, subject, username, email, clientId, state } = user;
  assert.deepEqual([issuer, subject], [idp.issuer, ann.subject]);
  assert.deepEqual([username, email, clientId, state], ['ann', 'ann@example.com', null, 'active']);
  const before = await writes();
  aSecondLater();
  for (const caller of [ann, ann, await signIn('ann')]) assert.equal((await userOf(db, caller)).id, user.id);
  assert.deepEqual(await writes(), before);
});

test('of two first requests at once both get the same row', async () => {
  const ann = await signIn('ann');
  aSecondLater();
  const callers = [ann, await signIn('ann'), ann, ann];
  const ids = (await Promise.all(callers.map((caller) => userOf(db, caller)))).map(({ id }) => id);
  assert.equal(new Set(ids).size, 1);
  assert.equal((await rows()).length, 1);
});

test('a renamed user keeps the row, and an older token does not bring the old name back', async () => {
  const before = await signIn('ann');
  const { id } = await userOf(db, before);
  aSecondLater();
  idp.updateUser('ann', { username: 'anna', email: 'anna@example.com' });
  const renamed = await userOf(db, await signIn('anna'));
  assert.deepEqual([renamed.id, renamed.username, renamed.email], [id, 'anna', 'anna@example.com']);
  assert.equal((await userOf(db, before)).username, 'anna');
});

test('a token without the scopes of a name erases none', async () => {
  const { id } = await userOf(db, await signIn('ann'));
  aSecondLater();
  const user = await userOf(db, await signIn('ann', 'openid'));
  assert.deepEqual([user.id, user.username, user.email], [id, 'ann', 'ann@example.com']);
});

test('a service account has its client in place of a name, by the kind of its token', async () => {
  const answer = await fetch(`${idp.issuer}/protocol/openid-connect/token`, {
    method: 'POST',
    body: new URLSearchParams({
      ...{ grant_type: 'client_credentials', client_id: 'shop', client_secret: 'of-these-tests' },
    }),
  });
  const { access_token: token } = (await answer.json()) as { access_token: string };
  const service = await userOf(db, await verifier.verify(token));
  assert.deepEqual([service.clientId, service.username, service.email], ['shop', null, null]);
  // A person may have such a name, too.
  idp.addUser({ username: 'service-account-reports' });
  const person = await userOf(db, await signIn('service-account-reports'));
  assert.deepEqual([person.clientId, person.username], [null, 'service-account-reports']);
});

test('equal subjects of two issuers are two users', async () => {
  const ann = await signIn('ann');
  const here = await userOf(db, ann);
  const there = await userOf(db, { ...ann, issuer: 'https://other.example.com/realms/shop' });
  assert.notEqual(there.id, here.id);
});

test('events disable, enable, rename and delete; whoever gets the name afterwards is another user', async (t) => {
  const app = buildApp(db, { serverUrl: idp.url, realm: 'shop', ...CLIENT }).listen(0);
  await once(app, 'listening');
  t.after(() => app.close());
  const token = await idp.issueToken({ username: 'ann', clientId: 'shop', scope: 'openid email' });
  const ask = (method: string, body?: object) =>
    fetch(`http://localhost:${(app.address() as AddressInfo).port}/orders`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    });
  assert.equal((await ask('POST', { item: 'tea' })).status, 201);
  assert.deepEqual(await (await ask('GET')).json(), [{ id: 1, ownerId: 1, item: 'tea' }]);
  const becomes = async (expected: Partial<User>) => {
    for (let tries = 0; tries < 200; tries++) {
      const [user] = await rows();
      if (Object.entries(expected).every(([name, value]) => user?.[name as keyof User] === value)) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    assert.fail(`${JSON.stringify(await rows())} does not become ${JSON.stringify(expected)}`);
  };
  // The position among the events is known when the first ones were read.
  for (let tries = 0; tries < 200 && !isThere('events.json'); tries++)
    await new Promise((resolve) => setTimeout(resolve, 50));

  idp.disableUser('ann');
  await becomes({ state: 'disabled', username: 'ann' });
  assert.equal((await ask('GET')).status, 401);
  idp.enableUser('ann');
  await becomes({ state: 'active' });
  idp.updateUser('ann', { username: 'anna', email: 'anna@example.com' });
  await becomes({ state: 'active', username: 'anna', email: 'anna@example.com' });
  idp.removeUser('anna');
  await becomes({ state: 'deleted', username: null, email: null });
  assert.equal((await ask('GET')).status, 401);
  assert.equal((await db.select().from(orders)).length, 1);

  idp.addUser({ username: 'anna', email: 'anna@example.com' });
  const other = await userOf(db, await signIn('anna'));
  assert.notEqual(other.id, 1);
});

function isThere(file: string): boolean {
  try {
    return readFileSync(file).length > 0;
  } catch {
    return false;
  }
}

test('a change that is told twice changes nothing, and a late request brings nobody back', async () => {
  const ann = await signIn('ann');
  const { issuer, subject } = ann;
  const handlers = keepInStep(db);
  const change = (at: number, details?: object) => ({
    ...({ id: String(at), kind: 'changed', by: 'admin' } as const),
    ...{ issuer, subject: subject ?? '', at, details },
  });
  // She never came, and her token is still good for a moment.
  const at = Date.now() + 1_000;
  await handlers.deleted?.(change(at));
  await handlers.deleted?.(change(at));
  await assert.rejects(userOf(db, ann), { code: 'token_revoked' });
  await handlers.changed?.(change(at + 1, { username: 'ann', enabled: true }));
  assert.deepEqual(
    (await rows()).map(({ state, username }) => [state, username]),
    [['deleted', null]],
  );

  await postgres.exec('TRUNCATE users CASCADE');
  await userOf(db, ann);
  const told = [change(at, { username: 'b' }), change(at + 1, { username: 'c' })];
  for (const one of [...told, ...told]) await handlers.changed?.(one);
  await handlers.disabled?.(change(at - 1));
  assert.deepEqual(
    (await rows()).map(({ state, username }) => [state, username]),
    [['active', 'c']],
  );
});

test('where events were missed, each person of the realm is compared with Keycloak, and nobody of another one', async () => {
  for (const username of ['bob', 'cy', 'dee']) idp.addUser({ username });
  const subjects: string[] = [];
  for (const username of ['ann', 'bob', 'cy'])
    subjects.push((await userOf(db, await signIn(username))).subject);
  const [ann, bob, cy] = subjects;
  const answers = new Map([
    [ann, Response.json({ error: 'User not found' }, { status: 404 })],
    [bob, Response.json({ username: 'bobby', enabled: true })],
    [cy, Response.json({ username: 'cy', email: 'cy@example.com', enabled: false })],
  ]);
  await postgres.exec("UPDATE users SET as_of = as_of - 120000, email = 'old@example.com'");
  // A minute of difference between the clocks changes nothing that is newer.
  const dee = await userOf(db, await signIn('dee'));
  answers.set(dee.subject, Response.json({ username: 'late', enabled: true }));
  const { id: _, ...copy } = dee;
  const other = { ...copy, issuer: 'https://other.example.com/realms/staff', asOf: 0 };
  await db.insert(users).values(other);
  await compareAll(db, idp.issuer, async ({ issuer, subject }) => {
    assert.equal(issuer, idp.issuer);
    return answers.get(subject) ?? assert.fail(subject);
  });
  assert.deepEqual(
    (await rows()).map(({ username, email, state }) => [username, email, state]),
    [
      [null, null, 'deleted'],
      ['bobby', null, 'active'],
      ['cy', 'cy@example.com', 'disabled'],
      ['dee', dee.email, 'active'],
      ['dee', dee.email, 'active'],
    ],
  );
  const gone = async () => Response.json({ error: 'Realm not found.' }, { status: 404 });
  await assert.rejects(compareAll(db, idp.issuer, gone), /answers 404/);
  assert.equal((await rows()).filter(({ state }) => state === 'deleted').length, 1);
});
