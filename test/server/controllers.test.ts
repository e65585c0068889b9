import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fastify } from 'fastify';
import { ClientError } from '../../packages/guard/src/client/index.ts';
import { docsSignIn } from '../../packages/server/src/controllers/docs-controller.ts';
import { healthController } from '../../packages/server/src/controllers/health-controller.ts';
import { homeController } from '../../packages/server/src/controllers/home-controller.ts';
import { MODELS } from '../../packages/server/src/models.ts';

// Each controller alone, with what Keycloak and the library tell it.

const PUBLIC = 'https://api.example';
const PAGE = `${PUBLIC}/docs/static/oauth2-redirect.html`;
const ENDPOINTS = { authorization: 'https://sso.example/usual', logout: 'https://sso.example/logout' };

async function signIn(metadata: object, exchangeCode: () => Promise<unknown> = async () => ({})) {
  const app = fastify();
  const reports: unknown[] = [];
  await app.register(docsSignIn, {
    ...{ clientId: 'api', publicUrl: PUBLIC, client: { exchangeCode } as never },
    issuer: { discover: async () => ({ metadata }), endpoints: ENDPOINTS } as never,
    report: (_, event) => void reports.push([event.outcome, event.by]),
  });
  return { app, reports };
}

test('people sign in where Keycloak says, and else at its usual place; what comes twice is not passed on', async () => {
  for (const [metadata, expected] of [
    [{ authorization_endpoint: 'https://login.example/auth?theme=x' }, 'https://login.example/auth?theme=x&'],
    [{}, 'https://sso.example/usual?'],
  ] as const) {
    const { app } = await signIn(metadata);
    const query = new URLSearchParams({
      ...{ redirect_uri: PAGE, response_type: 'code', scope: 'openid' },
      ...{ code_challenge: 'c', code_challenge_method: 'S256' },
    });
    const { headers } = await app.inject(`/docs/oauth2/authorize?${query}&state=a&state=b`);
    const location = String(headers.location);
    assert.ok(location.startsWith(expected), location);
    const { searchParams } = new URL(location);
    assert.deepEqual([searchParams.get('scope'), searchParams.get('state')], ['openid', null]);
  }
});

test('the page gets how long its token is good where Keycloak says so; a code that fails is in the audit log', async () => {
  const refused = new ClientError({ id: 'x', kind: 'provider_unavailable', cause: 'x', fix: 'x' });
  const payload = { grant_type: 'authorization_code', code: 'c', code_verifier: 'v', redirect_uri: PAGE };
  const token = { access_token: 't', token_type: 'bearer' };
  for (const [answer, status, body, outcome] of [
    [{ accessToken: 't', expiresInSeconds: 60 }, 200, { ...token, expires_in: 60 }, 'ok'],
    [{ accessToken: 't', expiresInSeconds: null }, 200, token, 'ok'],
    [refused, 500, undefined, 'keycloak_unavailable'],
  ] as const) {
    const exchange = async () => (answer instanceof Error ? Promise.reject(answer) : answer);
    const { app, reports } = await signIn({}, exchange);
    const { statusCode, json } = await app.inject({ method: 'POST', url: '/docs/oauth2/token', payload });
    assert.equal(statusCode, status);
    if (body !== undefined) assert.deepEqual(json(), body);
    assert.deepEqual(reports, [[outcome, 'docs']]);
    for (const part of [
      undefined,
      { ...payload, code: undefined },
      { ...payload, code_verifier: undefined },
    ]) {
      const half = await app.inject({
        method: 'POST',
        url: '/docs/oauth2/token',
        ...(part && { payload: part }),
      });
      assert.equal(half.statusCode, 400);
    }
    assert.equal(reports.length, 1, 'without a code and its verifier Keycloak is not asked');
  }
});

test('the page names who is signed in, and lets the browser go where Keycloak signs people out', async () => {
  const anna = { username: 'anna', subject: 's-1' };
  for (const [who, metadata, state, signsOutAt] of [
    [async () => anna, {}, /Signed in as <strong>anna</, "'self' https://sso.example;"],
    [async () => ({ ...anna, username: null }), undefined, /as <strong>s-1</, "'self' https://sso.example;"],
    [
      async () => null,
      { end_session_endpoint: 'https://o.example/x' },
      /not signed/,
      "'self' https://o.example;",
    ],
    [
      async () => Promise.reject(new Error('x')),
      { end_session_endpoint: '-' },
      /not signed/,
      "'self' 'self';",
    ],
    [undefined, {}, /not signed/, "'self' https://sso.example;"],
  ] as const) {
    const app = fastify();
    for (const model of MODELS) app.addSchema(model);
    app.decorate('sessionAuthenticator', who as never);
    const current = metadata && { metadata };
    const issuer = { current, endpoints: ENDPOINTS } as never;
    await app.register(homeController, { issuer, basePath: '', hasDocs: true });
    const { body, headers } = await app.inject({ url: '/', headers: { accept: 'text/html' } });
    assert.match(body, state);
    const policy = `${headers['content-security-policy']};`;
    assert.ok(policy.includes(`form-action ${signsOutAt}`), policy);
    assert.equal(/\/auth\/log(?:in|out)/.test(body), who !== undefined);
  }
});

test('a service is ready where nothing is in its way, and says of each thing that it was asked how it is', async () => {
  const keys = { ok: true, detail: 'x' };
  for (const [isDraining, isInTheWay, isReady, client, revocations] of [
    [false, false, true, undefined, undefined],
    [false, false, true, { ok: false, detail: 'c' }, { ok: true, detail: 'r' }],
    [true, false, true, undefined, undefined],
    [false, true, true, undefined, undefined],
    [false, false, false, undefined, undefined],
  ] as const) {
    const app = fastify();
    for (const model of MODELS) app.addSchema(model);
    const health = { isReady, checks: { keycloak: keys, keys, ...(revocations && { revocations }) } };
    app.decorate('keycloakHealth', () => health as never);
    await app.register(healthController, {
      draining: { isDraining },
      clientCheck: { isInTheWay, status: client },
    });
    const { statusCode, json } = await app.inject('/health/ready');
    assert.equal(statusCode, !isDraining && !isInTheWay && isReady ? 200 : 503);
    const rest = { ...(client && { client }), ...(revocations && { redis: revocations }) };
    assert.deepEqual(json().checks, { keycloak: keys, keys, ...rest });
  }
});
