import assert from 'node:assert/strict';
import { claimsOf, sorted } from '../../caller.ts';
import type { Behaviours } from '../../scene.ts';
import { assertAll, createAsker, tell } from './ask.ts';
import { withAuthorization } from './realm.ts';

const NO = '403 access_denied: not_authorized';
type Permissions = { permissions: { rsname: string; scopes?: string[] }[] };
const namesOf = (token: string) =>
  sorted((claimsOf(token).authorization as Permissions).permissions.map(({ rsname }) => rsname));

export const permissionTokensGroup: Behaviours = {
  'a token that carries permissions': (scene) =>
    scene.withRealm(withAuthorization(), async (caller) => {
      const { login, ask, idOf } = createAsker(caller);
      const { access_token: bob } = await login('bob');
      const answer = await ask(bob, { audience: 'api', permission: 'orders#view,edit' });
      assert.equal(answer.status, 200, answer.text);
      assert.equal(answer.headers.get('cache-control'), 'no-store');
      const { access_token, refresh_token, ...rest } = answer.json;
      const { expires_in, refresh_expires_in, ...fixed } = rest;
      assert.deepEqual(fixed, { upgraded: false, token_type: 'Bearer', 'not-before-policy': 0 });
      // From the login on: seconds of it may be over.
      assert.ok(Number(refresh_expires_in) > 1_770 && Number(refresh_expires_in) <= 1_800);
      const claims = claimsOf(String(access_token));
      assert.equal(expires_in, Number(claims.exp) - Number(claims.iat));
      assert.deepEqual(
        [claims.azp, claims.aud, claims.typ, claims.iss, claims.sub, claims.sid],
        ['web', 'api', 'Bearer', caller.issuer, claimsOf(bob).sub, claimsOf(bob).sid],
      );
      assert.match(String(claims.jti), /^ntrtna:/);
      assert.deepEqual(claims.authorization, {
        permissions: [{ rsid: await idOf('orders'), rsname: 'orders', scopes: ['view'] }],
      });
      assert.deepEqual(sorted(String(claims.scope).split(' ')), ['email', 'profile']);
      const refresh = claimsOf(String(refresh_token));
      assert.deepEqual(
        [refresh.typ, refresh.azp, refresh.authorization],
        ['Refresh', 'web', claims.authorization],
      );
    }),
  'a client that asks itself, for its own account: without a session': (scene) =>
    scene.withRealm(
      withAuthorization((settings) => {
        settings.policyEnforcementMode = 'PERMISSIVE';
      }),
      async (caller) => {
        const { ask } = createAsker(caller);
        const api = { client_id: 'api', client_secret: 'api-secret' };
        const answer = await ask(undefined, { ...api, audience: 'api', permission: 'unprotected#view' });
        assert.equal(answer.status, 200, answer.text);
        const { access_token, expires_in, ...rest } = answer.json;
        assert.deepEqual(rest, {
          ...{ upgraded: false, refresh_expires_in: 0, token_type: 'Bearer', 'not-before-policy': 0 },
        });
        const claims = claimsOf(String(access_token));
        assert.match(String(claims.jti), /^trrtna:/);
        assert.deepEqual([claims.azp, claims.aud, claims.sid], ['api', 'api', undefined]);
      },
    ),
  'what it carries stays, whatever is decided later': (scene) =>
    scene.withRealm(withAuthorization(), async (caller, realm) => {
      const { login, ask } = createAsker(caller);
      const { access_token: bob } = await login('bob');
      const { json } = await ask(bob, { audience: 'api', permission: 'orders#view' });
      await realm.takeRealmRole('bob', 'member');
      const web = { client_id: 'web', client_secret: 'web-secret' };
      const fields = { grant_type: 'refresh_token', refresh_token: String(json.refresh_token) };
      const fresh = await caller.token({ ...web, ...fields });
      assert.equal(fresh.status, 200, fresh.text);
      assert.deepEqual(namesOf(String(fresh.json.access_token)), ['orders']);
      assert.deepEqual(namesOf(String(fresh.json.refresh_token)), ['orders']);
    }),
  'a token from before, merged': (scene) =>
    scene.withRealm(withAuthorization(), async (caller) => {
      const { login, ask } = createAsker(caller);
      const { access_token: bob } = await login('bob');
      const { access_token: alice } = await login('alice');
      const first = await ask(alice, { audience: 'api', permission: ['orders#edit', 'reports#view'] });
      const rpt = String(first.json.access_token);
      const audience = 'api';
      const mode = { audience, response_mode: 'permissions' };
      const merged = await ask(alice, { audience, permission: 'admin#view', rpt });
      assert.equal(merged.json.upgraded, true, merged.text);
      assert.deepEqual(namesOf(String(merged.json.access_token)), ['admin', 'orders', 'reports']);
      await assertAll({
        'both, by who has both': [
          async () => tell(await ask(alice, { ...mode, permission: 'admin#view', rpt })),
          'admin#view; orders#edit; reports#view',
        ],
        'the old one alone': [
          async () => tell(await ask(alice, { ...mode, rpt })),
          'orders#edit; reports#view',
        ],
        "somebody else's gives nothing": [
          async () => tell(await ask(bob, { ...mode, permission: 'order lines#view', rpt })),
          'order lines#view',
        ],
        'with one beside it, part is nothing': [
          async () => tell(await ask(bob, { ...mode, permission: ['orders#view', 'admin#view'], rpt: bob })),
          NO,
        ],
        'of one resource, part is enough': [
          async () => tell(await ask(bob, { ...mode, permission: 'orders#view,edit', rpt: bob })),
          'orders#view',
        ],
        'a whole resource that has scopes is never granted beside one': [
          async () => tell(await ask(bob, { ...mode, permission: 'orders', rpt: bob })),
          NO,
        ],
        'a scope of any resource neither': [
          async () => tell(await ask(bob, { ...mode, permission: '#view', rpt: bob })),
          NO,
        ],
      });
    }),
  'introspection says that it is good, and not what it carries': (scene) =>
    scene.withRealm(withAuthorization(), async (caller) => {
      const { login, ask } = createAsker(caller);
      const { access_token: bob } = await login('bob');
      const { json } = await ask(bob, { audience: 'api', permission: 'orders#view' });
      const token = String(json.access_token);
      const api = { client_id: 'api', client_secret: 'api-secret' };
      const plain = (await caller.introspect(token, api)).json;
      assert.deepEqual([plain.active, plain.authorization, plain.permissions], [true, undefined, undefined]);
      const other = await caller.introspect(token, { client_id: 'svc', client_secret: 'svc-secret' });
      assert.deepEqual(other.json, { active: false });
    }),
  'userinfo does not take it': (scene) =>
    scene.withRealm(withAuthorization(), async (caller) => {
      const { login, ask } = createAsker(caller);
      const { access_token: bob } = await login('bob');
      const { json } = await ask(bob, { audience: 'api', permission: 'orders#view' });
      const { status, headers } = await caller.userinfo(String(json.access_token));
      assert.equal(status, 403);
      assert.match(headers.get('www-authenticate') ?? '', /insufficient_scope/);
    }),
  'where the protection API is': (scene) =>
    scene.withRealm(withAuthorization(), async (caller) => {
      const { json } = await caller.call(`${caller.issuer}/.well-known/uma2-configuration`);
      const { issuer, token_endpoint } = json;
      assert.deepEqual([issuer, token_endpoint], [caller.issuer, `${caller.base}/token`]);
      assert.ok(
        (json.grant_types_supported as string[]).includes('urn:ietf:params:oauth:grant-type:uma-ticket'),
      );
      assert.deepEqual(
        [json.resource_registration_endpoint, json.permission_endpoint],
        ['resource_set', 'permission'].map((one) => `${caller.issuer}/authz/protection/${one}`),
      );
    }),
};
