import assert from 'node:assert/strict';
import { codeOf, createBrowser, redirectOf } from '../browser.ts';
import {
  type Answer,
  assertFault,
  CALLBACK,
  type Caller,
  claimsOf,
  type Fields,
  GUIDE,
  sorted,
} from '../caller.ts';
import type { Behaviours, Scene } from '../scene.ts';
import type { Change } from '../target.ts';

const SERVER = 'http://localhost:4010/mcp';
const OTHER = 'https://other.example/api';
const UNUSABLE = 'The requested resource is invalid, missing, unknown, or malformed.';
const CHANGED = 'The requested resource is not matching the original request.';

const audience = (id: string) => ({
  name: `audience ${id}`,
  protocol: 'openid-connect',
  protocolMapper: 'oidc-audience-mapper',
  config: {
    'access.token.claim': 'true',
    'introspection.token.claim': 'true',
    'included.client.audience': id,
  },
});

/** Tokens of the guide's client are for two more: one that is named by its URL, and one that has a URL. */
const twoServers: Change = (realm) => {
  const api = (clientId: string, url: string) => ({
    ...{ clientId, enabled: true, publicClient: false, secret: 'for-development-only' },
    attributes: { resource_url: url },
  });
  realm.clients?.push(api(SERVER, SERVER), api('other-api', OTHER));
  const guide = realm.clients?.find(({ clientId }) => clientId === GUIDE.client_id);
  Object.assign(guide ?? {}, {
    serviceAccountsEnabled: true,
    protocolMappers: [...(guide?.protocolMappers ?? []), audience(SERVER), audience('other-api')],
  });
};

const withServers = (body: (caller: Caller) => Promise<void>) => (scene: Scene) =>
  scene.withRealm(twoServers, body);

const audienceIn = ({ json }: Answer) => claimsOf(String(json.access_token)).aud;

async function redeem(caller: Caller, asked: Fields, fields: Fields = {}): Promise<Answer> {
  const code = codeOf(await createBrowser(caller).signIn(asked));
  return caller.token({
    ...GUIDE,
    grant_type: 'authorization_code',
    code,
    redirect_uri: CALLBACK,
    ...fields,
  });
}

export const resourceIndicatorsGroup: Behaviours = {
  'a token for a resource has that audience alone': withServers(async (caller) => {
    for (const [resource, aud] of [
      [SERVER, SERVER],
      [OTHER, OTHER],
      ['urn:client:other-api', 'other-api'],
    ] as const) {
      const answer = await caller.passwordGrant({ resource });
      assert.deepEqual([answer.status, audienceIn(answer)], [200, aud]);
      assert.equal(claimsOf(String(answer.json.refresh_token)).resource, resource);
    }
    const all = sorted(audienceIn(await caller.passwordGrant()));
    assert.deepEqual(
      [SERVER, 'other-api', GUIDE.client_id].filter((one) => !all.includes(one)),
      [],
    );
  }),
  'a resource that is none, or not of the audience': withServers(async (caller) => {
    for (const resource of [
      'https://unknown.example',
      'other-api',
      'urn:client:nobody',
      'urn:client:',
      '/api',
      'not a uri',
      `${OTHER}#part`,
      `${OTHER}?page=2`,
      `${OTHER}/`,
      '',
    ]) {
      assertFault(await caller.passwordGrant({ resource }), 400, 'invalid_target', UNUSABLE);
    }
  }),
  'a resource that comes twice': withServers(async (caller) => {
    const fields = new URLSearchParams({ ...GUIDE, grant_type: 'password', username: 'abdullah' });
    fields.append('resource', SERVER);
    fields.append('resource', OTHER);
    assertFault(await caller.token(fields.toString()), 400, 'invalid_request', 'duplicated parameter');
  }),
  'a service account, at which Keycloak breaks off': withServers(async (caller) => {
    const fields = { ...GUIDE, grant_type: 'client_credentials' };
    assert.equal((await caller.token(fields)).status, 200);
    assert.equal((await caller.token({ ...fields, resource: SERVER })).status, 500);
  }),
  'a code keeps the resource, and so does what is refreshed': withServers(async (caller) => {
    for (const fields of [{}, { resource: SERVER }]) {
      const first = await redeem(caller, { resource: SERVER }, fields as Fields);
      assert.deepEqual([first.status, audienceIn(first)], [200, SERVER]);
      const token = String(first.json.refresh_token);
      const again = await caller.refresh(token, fields as Fields);
      assert.deepEqual([again.status, audienceIn(again)], [200, SERVER]);
      assert.equal(claimsOf(String(again.json.refresh_token)).resource, SERVER);
      assertFault(await caller.refresh(token, { resource: OTHER }), 400, 'invalid_target', CHANGED);
    }
  }),
  'a code is not for another resource, nor for one that was not asked for': withServers(async (caller) => {
    for (const asked of [{ resource: SERVER }, {}]) {
      const answer = await redeem(caller, asked as Fields, { resource: OTHER });
      assertFault(answer, 400, 'invalid_target', CHANGED);
    }
    const tokens = await caller.login();
    assertFault(
      await caller.refresh(tokens.refresh_token, { resource: SERVER }),
      400,
      'invalid_target',
      CHANGED,
    );
  }),
  'an unknown resource is told when the code is redeemed': withServers(async (caller) => {
    const answer = await redeem(caller, { resource: 'https://unknown.example' });
    assertFault(answer, 400, 'invalid_target', UNUSABLE);
  }),
  'what cannot be a resource is told at the redirect URI': withServers(async (caller) => {
    for (const resource of [`${OTHER}#part`, 'api', '']) {
      const { searchParams } = redirectOf(await createBrowser(caller).open({ resource }));
      assert.deepEqual(
        [searchParams.get('error'), searchParams.get('error_description')],
        ['invalid_target', UNUSABLE],
      );
    }
  }),
  'introspection is allowed to who is named by the resource, and to nobody else': withServers(
    async (caller) => {
      const secret = 'for-development-only';
      const ask = async (resource: string, clientId: string) => {
        const token = String((await caller.passwordGrant({ resource })).json.access_token);
        const basic = Buffer.from(`${encodeURIComponent(clientId)}:${secret}`).toString('base64');
        const answer = await caller.post('/token/introspect', { token }, { authorization: `Basic ${basic}` });
        return answer.json.active;
      };
      assert.equal(await ask(SERVER, SERVER), true);
      assert.equal(await ask(SERVER, 'other-api'), false);
      // Its id is not in the token, its URL is.
      assert.equal(await ask(OTHER, 'other-api'), false);
      assert.equal(await ask('urn:client:other-api', 'other-api'), true);
    },
  ),
};
