import assert from 'node:assert/strict';
import { assertFault, GUIDE, LIGHT, OTHER, sorted, WEB } from '../caller.ts';
import type { Behaviours } from '../scene.ts';

const SAME = 'Invalid client or Invalid client credentials';

export const introspectionGroup: Behaviours = {
  'a good token is active, with its claims': async ({ caller }) => {
    const { access_token } = await caller.login();
    const { status, headers, json } = await caller.introspect(access_token);
    assert.equal(status, 200);
    assert.equal(headers.get('cache-control'), 'no-cache');
    assert.equal(json.active, true);
    assert.deepEqual(
      [json.client_id, json.username, json.token_type, json.typ, json.azp],
      ['fastapi-keycloak', 'abdullah', 'Bearer', 'Bearer', 'fastapi-keycloak'],
    );
    assert.deepEqual(sorted(json.aud), ['account', 'fastapi-keycloak']);
    assert.equal(json.email, 'abdullah@example.com');
  },
  'a client that is not in the audience is told nothing, of its own token too': async ({ caller }) => {
    const own = await caller.login(OTHER);
    const guide = await caller.login();
    for (const token of [own.access_token, guide.access_token]) {
      const { status, json } = await caller.introspect(token, OTHER);
      assert.deepEqual({ status, json }, { status: 200, json: { active: false } });
    }
  },
  'an ID token is active too, with typ ID': async ({ caller }) => {
    const { json } = await caller.introspect((await caller.login()).id_token);
    assert.deepEqual([json.active, json.typ, json.token_type], [true, 'ID', 'ID']);
  },
  'a refresh token is active with the hint alone': async ({ caller }) => {
    for (const [scope, typ] of [
      ['openid', 'Refresh'],
      ['openid offline_access', 'Offline'],
    ] as const) {
      const { refresh_token } = await caller.login({ scope });
      for (const none of [{}, { token_type_hint: 'access_token' }]) {
        assert.deepEqual((await caller.introspect(refresh_token, none)).json, { active: false });
      }
      const { json } = await caller.introspect(refresh_token, { token_type_hint: 'refresh_token' });
      assert.deepEqual([json.active, json.typ, json.token_type, json.username], [true, typ, typ, 'abdullah']);
    }
  },
  'a refresh token is told to its own client alone, whatever its audience': async ({ caller }) => {
    const hint = { token_type_hint: 'refresh_token' };
    const [guide, other] = [await caller.login(), await caller.login(OTHER)];
    const { json } = await caller.introspect(other.refresh_token, { ...OTHER, ...hint });
    assert.deepEqual([json.active, json.client_id, json.typ], [true, 'other-service', 'Refresh']);
    assert.deepEqual(sorted(json.aud), ['account', caller.issuer].toSorted());
    assert.deepEqual((await caller.introspect(other.refresh_token, hint)).json, { active: false });
    const foreign = await caller.introspect(guide.refresh_token, { ...OTHER, ...hint });
    assert.deepEqual(foreign.json, { active: false });
  },
  'no other token is active with the hint for refresh tokens': async ({ caller }) => {
    const { access_token, id_token } = await caller.login();
    for (const token of [access_token, id_token, 'x', '']) {
      const { status, json } = await caller.introspect(token, { token_type_hint: 'refresh_token' });
      assert.deepEqual({ status, json }, { status: 200, json: { active: false } });
    }
  },
  'a lightweight token is completed': async ({ caller }) => {
    const { access_token } = await caller.login(LIGHT);
    const { json } = await caller.introspect(access_token, LIGHT);
    assert.deepEqual([json.active, json.email, json.username], [true, 'abdullah@example.com', 'abdullah']);
    assert.ok(json.sub && json.realm_access);
  },
  'a service account': async ({ caller }) => {
    const { json } = await caller.token({ ...GUIDE, grant_type: 'client_credentials' });
    const answer = await caller.introspect(String(json.access_token));
    assert.deepEqual([answer.json.active, answer.json.username], [true, 'service-account-fastapi-keycloak']);
  },
  'garbage and an empty token are not active': async ({ caller }) => {
    for (const token of ['x', '', 'a.b.c']) {
      const { status, json } = await caller.introspect(token);
      assert.deepEqual({ status, json }, { status: 200, json: { active: false } });
    }
  },
  'no token': async ({ caller }) => {
    assertFault(await caller.post('/token/introspect', GUIDE), 400, 'invalid_request', 'Token not provided.');
  },
  'a parameter that comes twice': async ({ caller }) => {
    const fields = new URLSearchParams({ ...GUIDE, token: (await caller.login()).access_token });
    for (const second of ['token=x', 'x=1&x=2']) {
      const answer = await caller.post('/token/introspect', `${fields}&${second}`);
      assertFault(answer, 400, 'invalid_request', 'duplicated parameter');
    }
  },
  'an unknown hint': async ({ caller }) => {
    for (const token_type_hint of ['magic', 'id_token', '']) {
      const answer = await caller.introspect('x', { token_type_hint });
      assertFault(answer, 400, 'invalid_request', 'Unsupported token type.');
    }
  },
  'a wrong secret': async ({ caller }) => {
    const answer = await caller.introspect('x', { client_secret: 'x' });
    assertFault(answer, 401, 'invalid_client', 'Client authentication failed.');
  },
  'an unknown client, and none': async ({ caller }) => {
    assertFault(await caller.introspect('x', { client_id: 'nope' }), 401, 'invalid_client', SAME);
    assertFault(await caller.post('/token/introspect', { token: 'x' }), 401, 'invalid_client', SAME);
  },
  'a public client may not ask': async ({ caller }) => {
    const answer = await caller.post('/token/introspect', { ...WEB, token: 'x' });
    assertFault(answer, 403, 'invalid_request', 'Client not allowed.');
  },
};
