import assert from 'node:assert/strict';
import { type Answer, assertFault, claimsOf, type Fields, GUIDE, OTHER, sorted, WEB } from '../caller.ts';
import type { Behaviours, Scene } from '../scene.ts';

const TYPE = 'urn:ietf:params:oauth:token-type:';
const GRANT = 'urn:ietf:params:oauth:grant-type:token-exchange';

const exchange = ({ caller }: Scene, fields: Fields) =>
  caller.token({ ...OTHER, grant_type: GRANT, subject_token_type: `${TYPE}access_token`, ...fields });

/** Sara has a role of the other service, so her token has it in its audience. */
const sara = async ({ caller }: Scene) => (await caller.login({ username: 'sara' })).access_token;

const fault =
  (fields: Fields, status: number, error: string, description: string) => async (scene: Scene) => {
    const answer = await exchange(scene, { subject_token: await sara(scene), ...fields });
    assertFault(answer, status, error, description);
  };

const claims = ({ json }: Answer) => claimsOf(String(json.access_token));

export const exchangeGroup: Behaviours = {
  'a token for another one of the same user and session': async (scene) => {
    const subject = await sara(scene);
    const answer = await exchange(scene, { subject_token: subject });
    assert.equal(answer.status, 200);
    assert.equal(answer.json.issued_token_type, `${TYPE}access_token`);
    assert.equal(answer.json.token_type, 'Bearer');
    assert.ok(!('refresh_token' in answer.json));
    const got = claims(answer);
    assert.deepEqual([got.azp, got.preferred_username], ['other-service', 'sara']);
    assert.equal(got.sid, claimsOf(subject).sid);
    assert.deepEqual(sorted(got.aud), ['account', 'fastapi-keycloak']);
  },
  'an audience narrows audience and roles': async (scene) => {
    const answer = await exchange(scene, { subject_token: await sara(scene), audience: 'fastapi-keycloak' });
    const got = claims(answer);
    assert.equal(got.aud, 'fastapi-keycloak');
    assert.deepEqual(Object.keys(got.resource_access as object), ['fastapi-keycloak']);
  },
  'openid brings an ID token, and userinfo knows the user': async (scene) => {
    const answer = await exchange(scene, { subject_token: await sara(scene), scope: 'openid' });
    assert.ok(answer.json.id_token);
    const { status, json } = await scene.caller.userinfo(String(answer.json.access_token));
    assert.deepEqual([status, json.preferred_username], [200, 'sara']);
  },
  'an audience that is not there': fault({ audience: 'nope' }, 400, 'invalid_client', 'Audience not found'),
  'an audience the token would not have': fault(
    { audience: 'web-app' },
    400,
    'invalid_request',
    'Requested audience not available: web-app',
  ),
  'a client that is not in the audience of the token': async (scene) => {
    const { access_token } = await scene.caller.login();
    const answer = await exchange(scene, { subject_token: access_token });
    assertFault(answer, 403, 'access_denied', 'Client is not within the token audience');
  },
  garbage: fault({ subject_token: 'x' }, 400, 'invalid_request', 'Invalid token'),
  'no subject token': async ({ caller }) => {
    const answer = await caller.token({ ...OTHER, grant_type: GRANT });
    const text = "Parameter 'subject_token' required for standard token exchange";
    assertFault(answer, 400, 'invalid_request', text);
  },
  'another type of subject token': fault(
    { subject_token_type: `${TYPE}refresh_token` },
    400,
    'invalid_request',
    "Parameter 'subject_token' supports access tokens only",
  ),
  'a refresh token is not given': fault(
    { requested_token_type: `${TYPE}refresh_token` },
    400,
    'invalid_request',
    'requested_token_type unsupported',
  ),
  'impersonation is not there': fault(
    { requested_subject: 'abdullah' },
    400,
    'invalid_request',
    "Parameter 'requested_subject' is not supported for standard token exchange",
  ),
  'an unknown scope': fault({ scope: 'nonsense' }, 400, 'invalid_scope', 'Invalid scopes: nonsense'),
  'a client that may not exchange': async (scene) => {
    const text = 'Standard token exchange is not enabled for the requested client';
    for (const client of [GUIDE, { ...WEB, client_secret: '' }]) {
      const answer = await exchange(scene, { ...client, subject_token: await sara(scene) });
      assertFault(answer, 400, 'invalid_request', text);
    }
  },
};
