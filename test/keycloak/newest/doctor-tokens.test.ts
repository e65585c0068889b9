import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { withoutMappers } from '../support/breakages.ts';
import { createLab, type Lab, type Visit } from '../support/lab.ts';

// A name that stands in every challenge, and is no reason of anything.
const REALM = 'lightweight-session-user-disabled';
const KEYS = 'org.keycloak.keys.KeyProvider';

describe('the doctor, given a token that was good once', () => {
  let lab: Lab;
  before(async () => {
    lab = await createLab(REALM);
  });
  afterEach(async () => {
    await lab.client({ enabled: true });
    await lab.restore();
  });
  after(() => lab.close());

  async function logIn(scope = 'openid'): Promise<string> {
    const { json } = await lab.calls.passwordGrant(lab.username, lab.password, scope);
    return String(json?.access_token);
  }

  async function assertTold(
    token: string,
    visit: Visit,
    id: string,
    status: string,
    cause: RegExp,
    fix: RegExp,
  ) {
    const results = await lab.visit({ user: false, ...visit, token });
    const told = results.filter((one) => one.status === 'fail' || one.status === 'warn');
    assert.deepEqual(
      told.map((one) => [one.id, one.status]),
      [[id, status]],
      JSON.stringify(told, null, 1),
    );
    assert.match(told[0]?.cause ?? '', cause);
    assert.match(told[0]?.fix ?? '', fix);
    assert.ok(!JSON.stringify(results).includes(token.slice(-40)), 'the token is not shown');
  }

  test('says nothing of a good one, whatever the realm is called', async () => {
    const results = await lab.visit({ user: false, token: await logIn() });
    assert.deepEqual(
      results.filter(({ status }) => status !== 'ok').map(({ id, status }) => [id, status]),
      // No Redis is configured here.
      [['settings.redis', 'skipped']],
    );
  });

  test('warns of one that Keycloak cannot be asked about, which is refused where Keycloak is always asked', async () => {
    await withoutMappers(lab);
    const token = await logIn('profile');
    const cause =
      /no scope 'openid', and 'lab-api' is not in its aud\. So a logout, a disabled user or a removed role has no effect/;
    await assertTold(token, {}, 'token.session', 'warn', cause, /scope=openid at login.*Audience/);
    const settings = { TOKEN_CHECK: 'remote' };
    await assertTold(
      token,
      { settings },
      'token.session',
      'fail',
      /TOKEN_CHECK=remote it is refused/,
      /openid/,
    );
  });

  test('a lightweight one without an audience: nothing can say that it is good', async () => {
    await withoutMappers(lab);
    await lab.client({}, { 'client.use.lightweight.access.token.enabled': 'true' });
    const cause = /lightweight.*introspection calls it inactive, userinfo refuses it/;
    await assertTold(await logIn(), {}, 'token.session', 'fail', cause, /Add to token introspection ON/);
  });

  test('tells a not-before from a revoked token, where only userinfo answers', async () => {
    await withoutMappers(lab);
    const token = await logIn();
    // Not-before counts whole seconds.
    while (Date.now() / 1000 < JSON.parse(atob(token.split('.')[1] ?? '')).iat + 1.1) await setTimeout(100);
    await lab.api.realms.update({ realm: REALM }, { notBefore: Math.floor(Date.now() / 1000) });
    await assertTold(
      token,
      {},
      'token.session',
      'fail',
      /a not-before .* is later, or the token itself/,
      /Revocation > Clear/,
    );
    for (const visit of [{ user: true }, { admin: true }]) {
      const cause = /from before the not-before of the realm.*everything older was revoked/;
      await assertTold(token, visit, 'token.session', 'fail', cause, /Log in again/);
    }
    await lab.api.realms.update({ realm: REALM }, { notBefore: 0 });
    const revoked = await logIn();
    const form = { client_id: lab.clientId, client_secret: lab.secret, token: revoked };
    await fetch(`${lab.calls.baseUrl}/protocol/openid-connect/revoke`, {
      method: 'POST',
      body: new URLSearchParams(form),
    });
    await assertTold(
      revoked,
      { admin: true },
      'token.session',
      'fail',
      /was revoked \(POST \/revoke\)/,
      /Log in again/,
    );
  });

  test('tells a session that is over, a user who is disabled and a client that is', async () => {
    const ended = await logIn();
    await lab.api.users.logout({ realm: REALM, id: await lab.userId() });
    await assertTold(ended, {}, 'token.session', 'fail', /session of the token is over/, /Log in again/);
    await lab.restore();
    const disabled = await logIn();
    await lab.user({ enabled: false });
    await assertTold(disabled, {}, 'token.session', 'fail', /user of the token is disabled/, /Enabled ON/);
    await lab.restore();
    const off = await logIn();
    await lab.client({ enabled: false });
    await assertTold(
      off,
      {},
      'token.session',
      'fail',
      /client of the token is disabled/,
      /lab-api > Enabled ON/,
    );
  });

  test('tells a realm that was imported again, keys and all, from a session that is over and a user who was deleted', async () => {
    await withoutMappers(lab);
    const { api, username, password } = lab;
    const realm = { realm: REALM };
    const token = await logIn();
    const id = await lab.userId();
    const user = await api.users.findOne({ ...realm, id });
    await api.users.del({ ...realm, id });
    const gone = /user of the token was deleted/;
    await assertTold(token, { admin: true }, 'token.session', 'fail', gone, /Log in again/);
    const credentials = [{ type: 'password', value: password, temporary: false }];
    const { id: _, ...own } = user ?? {};
    await api.users.create({ ...realm, ...own, username, credentials });
    const anew = /was created again with its old keys/;
    for (const visit of [{ user: true }, { admin: true }])
      await assertTold(token, visit, 'token.session', 'fail', anew, /database that stays/);
    const any = /its user was deleted, or the realm was created again/;
    await assertTold(token, {}, 'token.session', 'fail', any, /Log in again/);
  });

  test('tells a key that was disabled from one that was rotated away, and both from a realm that was made anew', async () => {
    const { api } = lab;
    const realm = { realm: REALM };
    const token = await logIn();
    const [rsa] = (await api.components.find({ ...realm, type: KEYS })).filter(
      ({ name }) => name === 'rsa-generated',
    );
    const id = rsa?.id ?? '';
    const another = { name: 'rsa-new', providerId: 'rsa-generated', providerType: KEYS };
    await api.components.create({ ...realm, ...another, config: { priority: ['200'] } });
    await api.components.update({ ...realm, id }, { ...rsa, config: { ...rsa?.config, enabled: ['false'] } });
    await assertTold(token, {}, 'token.accepted', 'fail', /rotated away or disabled/, /passive/);
    await assertTold(
      token,
      { admin: true },
      'token.accepted',
      'fail',
      /still in the realm .* it is disabled/,
      /Enabled ON and Active OFF/,
    );
    await api.components.del({ ...realm, id });
    await assertTold(token, { admin: true }, 'token.accepted', 'fail', /rotated away or disabled/, /passive/);

    const old = await logIn();
    // The age of a key and of a token are whole seconds.
    await setTimeout(1_100);
    await api.realms.del(realm);
    await api.realms.create({ ...realm, enabled: true });
    await lab.restore();
    await assertTold(
      old,
      {},
      'token.accepted',
      'fail',
      /was created again after the token was issued/,
      /Log in again.*database that stays/,
    );
  });

  test('a token of another realm is named by its issuer', async () => {
    const form = { client_id: 'admin-cli', grant_type: 'password' };
    const user = {
      username: process.env.KC_TEST_ADMIN_USER ?? '',
      password: process.env.KC_TEST_ADMIN_PASSWORD ?? '',
    };
    const answer = await fetch(`${lab.url}/realms/master/protocol/openid-connect/token`, {
      method: 'POST',
      body: new URLSearchParams({ ...form, ...user }),
    });
    const { access_token: token } = (await answer.json()) as { access_token: string };
    await assertTold(
      token,
      {},
      'token.accepted',
      'fail',
      /from '.*\/realms\/master', and this realm issues as/,
      /KEYCLOAK_REALM/,
    );
  });
});
