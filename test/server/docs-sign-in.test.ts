import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { buildTestApp, shareTestApp } from './service.ts';

const PAGE = '/docs/static/oauth2-redirect.html';
const HOST = 'api.example.com';
const OWN = `http://${HOST}${PAGE}`;
const DETAIL = 'This is for the documentation page alone';

/** What the page never sends: the code of a person would go there, or be taken from there. */
const FOREIGN: readonly (string | undefined)[] = [
  'https://attacker.example/docs/static/oauth2-redirect.html',
  `https://${HOST}${PAGE}`,
  `http://${HOST}:81${PAGE}`,
  `http://${HOST}.attacker.example${PAGE}`,
  `http://${HOST}@attacker.example${PAGE}`,
  `${OWN}/../../../other`,
  `${OWN}?next=https://attacker.example`,
  `${OWN}#`,
  `${OWN} `,
  `http://${HOST}/docs`,
  PAGE,
  '',
  undefined,
];

const query = (redirectUri: string | undefined, more: Record<string, string> = {}) =>
  new URLSearchParams({
    ...{ response_type: 'code', code_challenge: 'a'.repeat(43), code_challenge_method: 'S256', state: 's1' },
    ...(redirectUri !== undefined && { redirect_uri: redirectUri }),
    ...more,
  });

describe('the sign-in of the documentation page', () => {
  const shared = shareTestApp();

  test('knows its own address as the browser writes it, however PUBLIC_URL does', async (t) => {
    const { idp } = shared;
    for (const PUBLIC_URL of ['HTTPS://API.Example.com:443/shop/', 'https://api.example.com/./shop']) {
      const { app } = await buildTestApp(t, idp.url, { PUBLIC_URL });
      const params = query(`https://${HOST}/shop${PAGE}`);
      const { statusCode, body } = await app.inject({ url: `/docs/oauth2/authorize?${params}` });
      assert.equal(statusCode, 303, `${PUBLIC_URL}: ${body}`);
    }
  });

  test('is that of the page, which leaves the port of its scheme out, also where a proxy names it', async (t) => {
    const { idp } = shared;
    const { app } = await buildTestApp(t, idp.url, { TRUST_PROXY: 'loopback' });
    const { statusCode } = await app.inject({
      url: `/docs/oauth2/authorize?${query(`https://api.example.com${PAGE}`)}`,
      headers: { host: 'api.example.com:443', 'x-forwarded-proto': 'HTTPS', 'x-forwarded-for': '9.9.9.9' },
    });
    assert.equal(statusCode, 303);
  });

  test('sends a person to Keycloak for its own redirect URI alone', async () => {
    const { idp, app } = shared;
    const authorize = (params: URLSearchParams) =>
      app.inject({ url: `/docs/oauth2/authorize?${params}`, headers: { host: HOST } });
    for (const foreign of FOREIGN) {
      const { statusCode, headers, json } = await authorize(query(foreign));
      assert.deepEqual(
        [statusCode, headers.location, json()],
        [400, undefined, { detail: DETAIL }],
        `${foreign}`,
      );
    }
    for (const wrong of [
      { response_type: 'token' },
      { code_challenge_method: 'plain' },
      { code_challenge_method: '' },
    ])
      assert.equal((await authorize(query(OWN, wrong))).statusCode, 400, JSON.stringify(wrong));
    const without = query(OWN);
    without.delete('code_challenge');
    assert.equal((await authorize(without)).statusCode, 400);

    const { statusCode, headers } = await authorize(query(OWN, { client_id: 'another', prompt: 'none' }));
    assert.equal(statusCode, 303);
    const url = new URL(String(headers.location));
    assert.equal(`${url.origin}${url.pathname}`, `${idp.issuer}/protocol/openid-connect/auth`);
    assert.deepEqual(Object.fromEntries(url.searchParams), {
      ...{ client_id: 'fastapi-keycloak', redirect_uri: OWN, response_type: 'code', state: 's1' },
      ...{ code_challenge: 'a'.repeat(43), code_challenge_method: 'S256' },
    });
  });

  test('exchanges a code for its own redirect URI alone', async () => {
    const { app } = shared;
    const exchange = (form: Record<string, string | undefined>) =>
      app.inject({
        ...{ method: 'POST', url: '/docs/oauth2/token' },
        headers: { host: HOST, 'content-type': 'application/x-www-form-urlencoded' },
        payload: new URLSearchParams(
          Object.entries(form).filter((one): one is [string, string] => one[1] !== undefined),
        ).toString(),
      });
    const good = { grant_type: 'authorization_code', code: 'c1', code_verifier: 'v'.repeat(43) };
    const refusal = [400, { error: 'invalid_request', detail: DETAIL }];
    for (const foreign of FOREIGN) {
      const { statusCode, json } = await exchange({ ...good, redirect_uri: foreign });
      assert.deepEqual([statusCode, json()], refusal, `${foreign}`);
    }
    for (const missing of ['grant_type', 'code', 'code_verifier']) {
      const { statusCode, json } = await exchange({ ...good, redirect_uri: OWN, [missing]: undefined });
      assert.deepEqual([statusCode, json()], refusal, missing);
    }
    // Keycloak is asked, and does not know the code.
    const { statusCode, json } = await exchange({ ...good, redirect_uri: OWN });
    assert.notDeepEqual([statusCode, json()], refusal);
    assert.notEqual(json().detail, DETAIL);
    assert.ok(statusCode >= 400, `${statusCode}`);
  });

  test('behind a proxy, its own redirect URI is that of PUBLIC_URL, whatever the request names', async (t) => {
    const { idp } = shared;
    const { app } = await buildTestApp(t, idp.url, { PUBLIC_URL: 'https://public.example' });
    const statusFor = async (redirectUri: string) =>
      (await app.inject({ url: `/docs/oauth2/authorize?${query(redirectUri)}`, headers: { host: HOST } }))
        .statusCode;
    assert.equal(await statusFor(OWN), 400);
    assert.equal(await statusFor(`https://public.example${PAGE}`), 303);
  });
});
