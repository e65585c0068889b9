import assert from 'node:assert/strict';
import type { ClientRepresentation, RealmRepresentation } from '../../../../packages/testing/src/index.ts';
import {
  ABDULLAH,
  type Answer,
  assertFault,
  type Caller,
  claimsOf,
  type Fields,
  type Json,
  sorted,
  type Tokens,
} from '../caller.ts';
import { startLogoutListener } from '../logout-listener.ts';
import type { Behaviours, Scene } from '../scene.ts';
import type { TestRealm } from '../target.ts';
import { createProver } from './dpop.ts';

const TYPE = 'urn:ietf:params:oauth:token-type:';
const GRANT = 'urn:ietf:params:oauth:grant-type:token-exchange';
const SECRET = 's';

const audience = (client: string) => ({
  name: `audience ${client}`,
  protocol: 'openid-connect',
  protocolMapper: 'oidc-audience-mapper',
  config: {
    'included.client.audience': client,
    'access.token.claim': 'true',
    'introspection.token.claim': 'true',
  },
});

/** A confidential client that may exchange tokens, and whose own tokens are for the clients that are named. */
const exchanger = (
  clientId: string,
  audiences: readonly string[] = [],
  { attributes, ...more }: Partial<ClientRepresentation> = {},
): ClientRepresentation => ({
  clientId,
  secret: SECRET,
  publicClient: false,
  directAccessGrantsEnabled: true,
  serviceAccountsEnabled: true,
  protocolMappers: audiences.map(audience),
  attributes: { 'standard.token.exchange.enabled': 'true', ...attributes },
  ...more,
});

/** A front end, whose tokens are for everybody; the orders, which call the stock, which calls the shipping. */
function addShop(realm: RealmRepresentation): void {
  const callers = ['orders', 'asker', 'keeper', 'public', 'none', 'light'];
  realm.clients?.push(
    exchanger('front', callers),
    exchanger('orders', ['stock']),
    exchanger('stock', ['shipping', 'orders']),
    exchanger('shipping'),
    exchanger('closed', [], { enabled: false }),
    exchanger('towards-closed', ['closed']),
    exchanger('asker', [], { consentRequired: true }),
    exchanger('keeper', []),
    exchanger('none', [], { attributes: { 'standard.token.exchange.enabled': 'false' } }),
    exchanger('light', [], { attributes: { 'client.use.lightweight.access.token.enabled': 'true' } }),
    exchanger('public', [], { publicClient: true, serviceAccountsEnabled: false }),
  );
}

interface Shop {
  readonly caller: Caller;
  readonly realm: TestRealm;
  login(fields?: Fields): Promise<Tokens>;
  exchange(client: string, token: string, fields?: Fields | string, headers?: Fields): Promise<Answer>;
}

const inShop = (
  { withRealm }: Pick<Scene, 'withRealm'>,
  body: (shop: Shop) => Promise<void>,
  change = addShop,
) =>
  withRealm(change, (caller, realm) =>
    body({
      caller,
      realm,
      login: (fields = {}) =>
        caller.login({ client_id: 'front', client_secret: SECRET, ...ABDULLAH, ...fields }),
      exchange(client, token, fields = {}, headers = {}) {
        const form = new URLSearchParams({
          ...{ client_id: client, client_secret: SECRET, grant_type: GRANT },
          ...{ subject_token: token, subject_token_type: `${TYPE}access_token` },
        });
        for (const [name, value] of new URLSearchParams(fields)) form.append(name, value);
        return caller.token(String(form), headers);
      },
    }),
  );

const claims = ({ status, json, text }: Answer): Json => {
  assert.equal(status, 200, text);
  return claimsOf(String(json.access_token));
};

export const exchangeRulesGroup: Behaviours = {
  'from one to the next: each token is for whom its client calls, of one user and session': (scene) =>
    inShop(scene, async ({ caller, login, exchange }) => {
      const { access_token, session_state } = await login();
      const first = await exchange('orders', access_token);
      const { refresh_expires_in, issued_token_type, ...answer } = first.json;
      assert.deepEqual([refresh_expires_in, issued_token_type], [0, `${TYPE}access_token`]);
      assert.deepEqual(sorted(Object.keys(answer)), [
        'access_token',
        'expires_in',
        'not-before-policy',
        'scope',
        'session_state',
        'token_type',
      ]);
      const got = claims(first);
      assert.deepEqual([got.azp, got.sid, got.act], ['orders', session_state, undefined]);
      assert.equal(got.sub, claimsOf(access_token).sub);
      assert.match(String(got.jti), /^ntrtte:/);
      assert.deepEqual(sorted(got.aud), ['account', 'stock']);
      const second = await exchange('stock', String(first.json.access_token));
      assert.deepEqual(sorted(claims(second).aud), ['account', 'orders', 'shipping']);
      // Back again, with a fresh life: nothing in the token tells.
      assert.equal(claims(await exchange('orders', String(second.json.access_token))).azp, 'orders');
      const asked = { client_id: 'stock', client_secret: SECRET };
      const seen = await caller.introspect(String(first.json.access_token), asked);
      assert.deepEqual([seen.json.active, seen.json.username], [true, 'abdullah']);
      const strange = await exchange('shipping', access_token);
      assertFault(strange, 403, 'access_denied', 'Client is not within the token audience');
    }),
  'audience filters what the client has, and all must be there': (scene) =>
    inShop(scene, async ({ login, exchange }) => {
      const { access_token } = await login();
      const one = claims(await exchange('orders', access_token, { audience: 'stock' }));
      assert.deepEqual([one.aud, one.resource_access], ['stock', {}]);
      const both = claims(await exchange('front', access_token, 'audience=orders&audience=keeper'));
      assert.deepEqual(sorted(both.aud), ['keeper', 'orders']);
      const faults: [string, string, string][] = [
        ['audience=orders', 'invalid_request', 'Requested audience not available: orders'],
        ['audience=shipping', 'invalid_request', 'Requested audience not available: shipping'],
        ['audience=stock&audience=shipping', 'invalid_request', 'Requested audience not available: shipping'],
        ['audience=stock&audience=nobody', 'invalid_client', 'Audience not found'],
        ['audience=', 'invalid_client', 'Audience not found'],
        ['audience=closed', 'invalid_client', 'Client disabled'],
        ['scope=openid&scope=profile', 'invalid_request', 'duplicated parameter'],
      ];
      for (const [fields, error, text] of faults) {
        assertFault(await exchange('orders', access_token, fields), 400, error, text);
      }
    }),
  'who may not exchange': (scene) =>
    inShop(scene, async ({ login, exchange }) => {
      const { access_token, id_token, refresh_token } = await login();
      const off = 'Standard token exchange is not enabled for the requested client';
      assertFault(await exchange('none', access_token), 400, 'invalid_request', off);
      const open = 'Public client is not allowed to exchange token';
      assertFault(await exchange('public', access_token), 400, 'invalid_client', open);
      const consent = 'Missing consents for Token Exchange in client asker';
      assertFault(await exchange('asker', access_token), 400, 'invalid_scope', consent);
      for (const token of [id_token, refresh_token, '']) {
        assertFault(await exchange('orders', token), 400, 'invalid_request', 'Invalid token');
      }
      for (const name of ['requested_subject', 'requested_issuer', 'subject_issuer']) {
        const text = `Parameter '${name}' is not supported for standard token exchange`;
        const answer = await exchange('none', access_token, { [name]: 'x' });
        assertFault(answer, 400, 'invalid_request', text);
      }
      const bearer = {
        actor_token: access_token,
        actor_token_type: `${TYPE}access_token`,
        resource: 'http://x',
      };
      assert.equal(claims(await exchange('orders', access_token, bearer)).act, undefined);
    }),
  'which type of token': (scene) =>
    inShop(scene, async ({ login, exchange }) => {
      const { access_token } = await login();
      const ask = (type: string) =>
        exchange('orders', access_token, { requested_token_type: `${TYPE}${type}` });
      assert.equal((await ask('access_token')).json.issued_token_type, `${TYPE}access_token`);
      for (const type of ['refresh_token', 'saml2', 'jwt']) {
        assertFault(await ask(type), 400, 'invalid_request', 'requested_token_type unsupported');
      }
      const light = claims(await exchange('light', access_token));
      assert.match(String(light.jti), /^ntltte:/);
      assert.deepEqual([light.aud, light.azp], [undefined, 'light']);
    }),
  "a client's own token: default scopes, and openid if it had it": (scene) =>
    inShop(scene, async ({ login, exchange }) => {
      const { access_token, session_state } = await login({ scope: 'openid address' });
      const answer = await exchange('front', access_token);
      assert.deepEqual(sorted(String(answer.json.scope).split(' ')), ['email', 'openid', 'profile']);
      assert.ok(!('id_token' in answer.json));
      assert.match(String(claims(answer).jti), /^onrtte:/);
      assert.equal(claims(answer).sid, session_state);
    }),
  'of an offline session and of a service account': (scene) =>
    inShop(scene, async ({ caller, login, exchange }) => {
      const { access_token, session_state } = await login({ scope: 'openid offline_access' });
      const offline = await exchange('orders', access_token);
      assert.match(String(claims(offline).jti), /^ftrtte:/);
      assert.equal(claims(offline).sid, session_state);
      const asker = { client_id: 'stock', client_secret: SECRET };
      const isActive = async ({ json }: Answer) =>
        (await caller.introspect(String(json.access_token), asker)).json.active;
      assert.equal(await isActive(offline), true);
      const front = { client_id: 'front', client_secret: SECRET, grant_type: 'client_credentials' };
      const own = String((await caller.token(front)).json.access_token);
      const exchanged = await exchange('orders', own);
      assert.match(String(claims(exchanged).jti), /^trrtte:/);
      const { azp, sid, client_id, preferred_username } = claims(exchanged);
      assert.deepEqual([azp, sid, client_id], ['orders', undefined, undefined]);
      assert.equal(preferred_username, 'service-account-front');
      assert.ok(!('session_state' in exchanged.json));
      assert.equal(await isActive(exchanged), true);
    }),
  'ends with the session, not with the token that was exchanged, and no logout token is sent for it': async (
    scene,
  ) => {
    const listener = await startLogoutListener();
    try {
      await inShop(
        scene,
        async ({ caller, realm, login, exchange }) => {
          const { access_token, session_state } = await login();
          const { json } = await exchange('orders', access_token);
          const asker = { client_id: 'stock', client_secret: SECRET };
          const isActive = async () =>
            (await caller.introspect(String(json.access_token), asker)).json.active;
          const front = { client_id: 'front', client_secret: SECRET, token: access_token };
          await caller.post('/revoke', front);
          assertFault(await exchange('orders', access_token), 400, 'invalid_request', 'Invalid token');
          assert.equal(await isActive(), true);
          await realm.endSession(session_state);
          assert.equal(await isActive(), false);
          assert.deepEqual(listener.tokens, []);
        },
        (realm) => {
          addShop(realm);
          const orders = realm.clients?.find(({ clientId }) => clientId === 'orders');
          Object.assign(orders?.attributes ?? {}, { 'backchannel.logout.url': listener.url });
        },
      );
    } finally {
      listener.close();
    }
  },
  'a token that is bound to a key: by its own client alone, with a proof': (scene) =>
    inShop(scene, async ({ caller, exchange }) => {
      const prover = await createProver(caller);
      const front = { client_id: 'front', client_secret: SECRET, ...ABDULLAH };
      const bound = await caller.passwordGrant(front, { dpop: await prover.prove() });
      const token = String(bound.json.access_token);
      const foreign = await exchange('orders', token, {}, { dpop: await prover.prove() });
      const text =
        'Sender-constrained token exchange rejected as the token was not issued for the requesting client';
      assertFault(foreign, 400, 'invalid_request', text);
      assertFault(await exchange('front', token), 400, 'invalid_request', 'DPoP proof is missing');
      const stranger = await (await createProver(caller)).prove();
      const wrong = await exchange('front', token, {}, { dpop: stranger });
      assertFault(wrong, 400, 'invalid_request', "DPoP confirmation doesn't match DPoP proof");
      const own = await exchange('front', token, {}, { dpop: await prover.prove() });
      assert.deepEqual([claims(own).typ, own.json.token_type], ['DPoP', 'DPoP']);
    }),
};
