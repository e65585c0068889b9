import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { runChecks } from '../../packages/cli/src/doctor/check.ts';
import { checksFor } from '../../packages/cli/src/doctor/checks/index.ts';
import { ROUTE_CHECKS } from '../../packages/cli/src/doctor/checks/route.ts';
import { createContext } from '../../packages/cli/src/doctor/context.ts';
import { decodeJwt } from '../../packages/cli/src/doctor/evidence/token.ts';
import { readDoctorOptions } from '../../packages/cli/src/doctor/options.ts';
import { startTestIdp } from '../support/dev-idp.ts';
import { answer, askDoctor, tokenOf } from './support/ask-doctor.ts';

// A provider that runs on this machine is none of these tests.
process.env.XDG_CACHE_HOME = mkdtempSync(join(tmpdir(), 'doctor-route-'));

const CHALLENGE = { 'www-authenticate': 'Bearer error="invalid_token"' };

type Api = (request: IncomingMessage, answer: ServerResponse, token: string | undefined) => void;

/** An API of one's own, and what the doctor says of its route. */
async function visit(t: TestContext, api: Api, token?: string, args: readonly string[] = []) {
  const server = createServer((request, answer) => {
    api(request, answer, /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1]);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/me`;
  const options = await readDoctorOptions(['--env', 'none.env', '--route', url, ...args], {});
  const results = await runChecks(ROUTE_CHECKS, createContext({ ...options, token }));
  return Object.fromEntries(results.map(({ id, status, seen, cause }) => [id, `${status} ${cause || seen}`]));
}

const answerWith =
  (status: number, headers: Record<string, string> = {}, body = '{}'): Api =>
  (_request, answer) =>
    answer.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body);

test('the route sees the token before the doctor ends its session', async () => {
  const args = ['--env', 'none.env', '--route', 'http://127.0.0.1:1/me'];
  const options = await readDoctorOptions(args, { KEYCLOAK_SERVER_URL: 'http://127.0.0.1:1' });
  const ids = checksFor(options).map(({ id }) => id);
  assert.ok(ids.indexOf('route.token') > 0);
  assert.equal(ids.at(-1), 'login.logout');
  assert.equal(new Set(ids).size, ids.length);
});

test('a route that refuses as RFC 6750 says is well, without any settings', async (t) => {
  const found = await visit(t, answerWith(401, CHALLENGE));
  assert.match(found['route.no-token'] ?? '', /^ok 401/);
  assert.match(found['route.forged'] ?? '', /^ok refused/);
  assert.match(found['route.token'] ?? '', /^skipped no good token/);
});

for (const [title, api, expected] of [
  ['an open route', answerWith(200), /^fail the route is open/],
  ['401 without a challenge', answerWith(401), /^warn 401 without WWW-Authenticate/],
  [
    'a proxy with a login of its own',
    answerWith(401, { 'www-authenticate': 'Basic' }),
    /^fail something else than this API/,
  ],
  ['403 for nobody', answerWith(403), /^warn a request without a token gets 403/],
  [
    'a redirect to a login',
    answerWith(302, { location: 'https://sso.test/realms/a/protocol/openid-connect/auth?x' }),
    /^warn the route sends callers/,
  ],
  ['a redirect elsewhere', answerWith(308, { location: '/me/' }), /^fail the route redirects/],
  ['no such route', answerWith(404), /^fail the API has no route \/me/],
  ['a failure', answerWith(500), /^fail the route fails/],
  ['a gateway', answerWith(502), /^fail a proxy answered/],
  [
    'a page',
    answerWith(200, { 'content-type': 'text/html' }, '<!doctype html><p>hello'),
    /^fail a page came/,
  ],
  ['another method', answerWith(405), /^fail the route takes no GET/],
] as const) {
  test(`--route: ${title}`, async (t) => {
    assert.match((await visit(t, api))['route.no-token'] ?? '', expected);
  });
}

test('a route that reads tokens without verifying them is found out, also by alg none', async (t) => {
  // Of the claims it looks at the times.
  const decodes: Api = (request, answer, token) => {
    const { iat, exp } = decodeJwt(token)?.claims ?? {};
    const now = Date.now() / 1000;
    const isOfNow = Number(iat) <= now && Number(exp) > now;
    answerWith(isOfNow ? 200 : 401, CHALLENGE)(request, answer, token);
  };
  assert.match(
    (await visit(t, decodes))['route.forged'] ?? '',
    /^fail the route lets in a token whose signature is made up/,
  );
  const takesNone: Api = (request, answer, token) =>
    answerWith(decodeJwt(token)?.header.alg === 'none' ? 200 : 401, CHALLENGE)(request, answer, token);
  assert.match(
    (await visit(t, takesNone))['route.forged'] ?? '',
    /^fail the route lets in a token without a signature/,
  );
});

test('a good token: let in, refused for its role, refused for a reason that the challenge names', async (t) => {
  const idp = await startTestIdp();
  t.after(() => idp.close());
  const token = await idp.issueToken();
  const only =
    (status: number, headers: Record<string, string> = {}): Api =>
    (request, answer, sent) =>
      answerWith(sent === token ? status : 401, { ...CHALLENGE, ...headers })(request, answer, sent);
  const say = async (status: number, headers?: Record<string, string>) =>
    (await visit(t, only(status, headers), token))['route.token'] ?? '';
  assert.match(await say(200), /^ok HTTP 200/);
  assert.match(await say(403), /^fail the token is good, and not enough/);
  const header = {
    'www-authenticate': 'Bearer error="invalid_token", error_description="The aud claim is not valid"',
  };
  assert.match(await say(401, header), /^fail The token is not for this API/);
  assert.match(await say(401), /^fail the API refuses a token that Keycloak issued.*does not say why/);
  const described = (text: string) => ({
    'www-authenticate': `Bearer error="invalid_token", error_description="${text}"`,
  });
  assert.match(
    await say(401, described('The access token is for another audience')),
    /^fail The token is not for this API/,
  );
  assert.match(await say(401, described('Your plan ended')), /aud [^)]*\), and says 'Your plan ended'$/);
});

test('a service that runs is shown the good token, too, where the person named it or it is on this machine', async (t) => {
  const idp = await startTestIdp();
  t.after(() => idp.close());
  const token = await idp.issueToken();
  const visitRunning = async (api: Api) => {
    const server = createServer((request, answer) =>
      api(request, answer, /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1]),
    ).listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => server.close());
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const given = ['--env', 'none.env', '--token', '-', '--running', url];
    const options = await readDoctorOptions(given, {}, { readToken: async () => token });
    const results = await runChecks(checksFor(options), createContext(options));
    return results.find(({ id }) => id === 'route.token');
  };
  const refusal = {
    'www-authenticate':
      'Bearer error="invalid_token", error_description="The access token is for another audience"',
  };
  const refused = await visitRunning((request, answer, sent) => {
    assert.equal(request.url, '/protected');
    answerWith(401, sent === token ? refusal : CHALLENGE)(request, answer, sent);
  });
  assert.match(`${refused?.status} ${refused?.cause}`, /^fail The token is not for this API/);
  const page: Api = (_, answer) =>
    answer.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html>');
  for (const own of [answerWith(404), answerWith(302, { location: '/login' }), page])
    assert.equal((await visitRunning(own))?.status, 'skipped', 'an application of one’s own');
  for (const [args, expected] of [
    [['--running'], undefined],
    [['--running', '--app', 'https://api.example.com'], 'https://api.example.com/protected'],
  ] as const) {
    const settings = { PUBLIC_URL: 'https://other.example.com' };
    const options = await readDoctorOptions(['--env', 'none.env', ...args], settings);
    assert.equal(createContext(options).route?.url, expected);
  }
  const broken = await readDoctorOptions(['--env', 'none.env', '--running'], { PUBLIC_URL: 'shop.example' });
  assert.equal(createContext(broken).route?.url, undefined);
});

test('what was piped in and is no JWT is not sent, and is no token that Keycloak issued', async (t) => {
  const sent: (string | undefined)[] = [];
  const refuse: Api = (request, answer, token) => {
    sent.push(token);
    answerWith(401, CHALLENGE)(request, answer, token);
  };
  assert.match(
    (await visit(t, refuse, 'rubbish'))['route.token'] ?? '',
    /^skipped the token that was piped in is no JWT/,
  );
  assert.ok(!sent.includes('rubbish'));
});

test('a token that is piped in is judged beside --spa and --route, too', async () => {
  for (const args of [
    ['--spa', 'page', '--origin', 'http://127.0.0.1:1'],
    ['--route', 'http://127.0.0.1:1'],
  ]) {
    const given = ['--env', 'none.env', '--token', '-', ...args];
    const options = await readDoctorOptions(given, {}, { readToken: async () => 'rubbish' });
    assert.equal(checksFor(options)[0]?.id, 'token.content', args[0]);
  }
});

test('a refused audience names what the settings expect, or says that the API runs with others', async () => {
  const challenge =
    'Bearer error="invalid_token", error_description="The access token is for another audience"';
  const ask = (aud: string, audience?: string[], azp: string | null = 'web') =>
    askDoctor(ROUTE_CHECKS, 'route.token', {
      route: { withToken: async () => answer(401, undefined, { 'www-authenticate': challenge }) },
      settings: {},
      token: tokenOf({ aud, azp }),
      reach: { config: { audience } },
    });
  const other = await ask('account');
  assert.match(other.cause, /aud account.*the doctor's settings expect 'api'$/);
  assert.match(other.fix, /Included Client Audience = api,/);
  assert.match((await ask('account', ['orders'])).fix, /Audience = orders,.*take KEYCLOAK_AUDIENCE out/);
  const byAzp = await ask('account', undefined, 'api');
  assert.match(byAzp.cause, /aud account, azp api, .*expect 'api'\. The API looks at aud, not at azp$/);
  assert.match(byAzp.fix, /Included Client Audience = api/);
  assert.match((await ask('account', undefined, null)).cause, /azp none/);
  for (const found of [await ask('api'), await ask('orders', ['orders'])]) {
    assert.match(found.cause, /runs with other settings than the doctor read: .*\(aud \w+/);
    assert.match(found.fix, /KEYCLOAK_CLIENT_ID and KEYCLOAK_AUDIENCE/);
  }
});

test('of a login of --user, too, the scope is named where the token is not enough', async () => {
  const { cause } = await askDoctor(ROUTE_CHECKS, 'route.token', {
    route: { withToken: async () => answer(403) },
    reach: { login: { token: async () => tokenOf({ scope: 'of the login' }) } },
  });
  assert.match(cause, /It has the scope 'of the login'/);
});

test('a token goes to the address that was typed, and to none that an answer names', async (t) => {
  const idp = await startTestIdp();
  t.after(() => idp.close());
  const token = await idp.issueToken();
  const seen: string[] = [];
  await visit(
    t,
    (request, answer) => {
      seen.push(request.url ?? '');
      answer.writeHead(302, { location: '/elsewhere' }).end();
    },
    token,
  );
  assert.deepEqual([...new Set(seen)], ['/me']);
});

test('a good token is not sent over plain http to a public host', async () => {
  const options = await readDoctorOptions(['--route', 'http://api.example.com/me'], {});
  const { route } = createContext({ ...options, token: 'a.b.c' });
  assert.match(route?.isUnsafe ?? '', /not sent over plain http to api\.example\.com/);
  assert.equal(await route?.withToken(), undefined);
});

test('a page may call the route: preflight, its headers, and the refusal it must be able to read', async (t) => {
  const page = ['--origin', 'http://localhost:5173/callback'];
  const cors = async (api: Api) => (await visit(t, api, undefined, page))['route.cors'] ?? '';
  const allow = {
    'access-control-allow-origin': 'http://localhost:5173',
    'access-control-allow-headers': 'authorization',
  };
  const guarded =
    (preflight: Api, headers: Record<string, string> = {}): Api =>
    (request, answer, token) =>
      (request.method === 'OPTIONS' ? preflight : answerWith(401, { ...CHALLENGE, ...headers }))(
        request,
        answer,
        token,
      );
  assert.match(await cors(guarded(answerWith(204, allow), allow)), /^ok/);
  assert.match(await cors(answerWith(401, CHALLENGE)), /^fail a browser asks first/);
  assert.match(await cors(guarded(answerWith(204))), /^fail pages of/);
  assert.match(
    await cors(guarded(answerWith(204, { ...allow, 'access-control-allow-headers': '*' }))),
    /^fail the browser may not send the header Authorization/,
  );
  assert.match(
    await cors(guarded(answerWith(204, { ...allow, 'access-control-allow-headers': 'X-Authorization' }))),
    /^fail the browser may not send the header Authorization/,
  );
  assert.match(await cors(guarded(answerWith(204, allow))), /^warn the page cannot see a 401/);
});

/** What the doctor says of a route by its answers. @param routeUrl `null`: of a service that runs, and was not named */
const judge = (
  id: string,
  route: object,
  { routeUrl = 'https://api.shop.test/me', ...more }: { routeUrl?: string | null; token?: string } = {},
) =>
  askDoctor(ROUTE_CHECKS, id, {
    options: routeUrl === null ? {} : { routeUrl },
    ...{ route, settings: {}, token: tokenOf({ aud: 'api' }) },
    ...more,
  });

test('each status without a token has its meaning, up to its edges', async () => {
  for (const [status, expected] of [
    [199, /^skipped HTTP 199: neither open nor guarded/],
    [200, /^fail the route is open/],
    [299, /^fail the route is open/],
    [300, /^fail the route redirects/],
    [399, /^fail the route redirects/],
    [400, /^skipped HTTP 400: neither open nor guarded/],
    [402, /^skipped HTTP 402: neither/],
    [428, /^skipped HTTP 428: neither/],
    [429, /^fail the API limits the calls/],
    [499, /^skipped HTTP 499: neither/],
    [500, /^fail the route fails/],
    [501, /^fail the route fails/],
    [502, /^fail a proxy answered/],
    [503, /^fail a proxy answered/],
    [504, /^fail a proxy answered/],
    [505, /^fail the route fails/],
  ] as const) {
    const found = await judge('route.no-token', { withoutToken: async () => answer(status, {}) });
    assert.match(`${found.status} ${found.cause || found.seen}`, expected);
  }
  const silent = { ...answer(0), failure: 'ECONNREFUSED' };
  const none = await judge('route.no-token', { withoutToken: async () => silent });
  assert.equal(none.cause, 'there was no answer: ECONNREFUSED');
});

test('a service that runs, and has no such route as ours, is one of your own', async () => {
  for (const [given, isOurs] of [
    [answer(0), false],
    [answer(200, {}), true],
    [answer(200), false],
    [answer(299, {}), true],
    [answer(300, {}), false],
    [answer(399), false],
    [answer(400), true],
    [answer(404), false],
    [answer(500), true],
  ] as const) {
    const found = await judge('route.no-token', { withoutToken: async () => given }, { routeUrl: null });
    assert.equal(!/^no \/protected: /.test(found.seen), isOurs, String(given.status));
  }
});

test('a page is one where the answer is a success; a token that is made up is let in by no other', async () => {
  const html = (status: number) => ({ ...answer(status), text: ' <!doctype html>' });
  const page = await judge('route.no-token', { withoutToken: async () => html(299) });
  assert.match(page.cause, /^a page came where JSON is expected/);
  assert.match((await judge('route.no-token', { withoutToken: async () => html(300) })).cause, /redirects/);
  const refusal = answer(401, {}, CHALLENGE);
  for (const [forged, unsigned, expected] of [
    [299, 401, /^the route lets in a token whose signature is made up/],
    [401, 200, /^the route lets in a token without a signature/],
    [300, 401, /^the route redirects/],
    [403, 401, /^a token whose signature is made up is refused with 403/],
    [401, 403, /^a token without a signature \(alg none\) is refused with 403/],
  ] as const) {
    const of = (status: number) => async () => (status === 401 ? refusal : answer(status, {}));
    const found = await judge('route.forged', { withForged: of(forged), withUnsigned: of(unsigned) });
    assert.match(found.cause, expected);
  }
});

test('a good token that is refused: what it has is told, and what the API says', async () => {
  const say = async (given: object, claims: object = {}) =>
    (await judge('route.token', { withToken: async () => given }, { token: tokenOf(claims) })).cause;
  assert.match(await say(answer(403)), /It has the scope ''; content/);
  assert.match(
    await say(answer(403), { scope: 'openid orders' }),
    /It has the scope 'openid orders'; content/,
  );
  assert.match(await say(answer(400)), /^the API answers HTTP 400 to a good token/);
  const refused = answer(401, undefined, CHALLENGE);
  assert.match(await say(refused, { iss: 'https://i', aud: ['a', 'b'] }), /\(iss https:\/\/i, aud a, b\)/);
  assert.match(await say(refused, {}), /\(iss undefined, aud none\)/);
  const wordsAfter = (length: number) => ({
    ...refused,
    text: `${' '.repeat(length)}The access token has expired`,
  });
  assert.doesNotMatch(await say(wordsAfter(0)), /refuses a token that Keycloak issued/);
  assert.match(await say(wordsAfter(1990)), /refuses a token that Keycloak issued/);
});

test('what CORS lacks is told by the header that is there, or none', async () => {
  const cors = async (headers: Record<string, string>, status = 204) =>
    judge('route.cors', {
      origin: 'https://app.shop.test',
      preflight: async () => answer(status, undefined, headers),
      withoutToken: async () => answer(401, undefined, headers),
    });
  const origin = { 'access-control-allow-origin': 'https://app.shop.test' };
  const any = { 'access-control-allow-origin': '*' };
  const allow = { 'access-control-allow-headers': 'x-a, Authorization' };
  assert.equal((await cors({})).seen, 'Access-Control-Allow-Origin: none');
  const other = { 'access-control-allow-origin': 'https://x.test' };
  assert.equal((await cors(other)).seen, 'Access-Control-Allow-Origin: https://x.test');
  assert.equal((await cors(origin)).seen, 'Access-Control-Allow-Headers: none');
  const star = { ...origin, 'access-control-allow-headers': '*' };
  assert.equal((await cors(star)).seen, 'Access-Control-Allow-Headers: *');
  for (const one of [origin, any]) assert.equal((await cors({ ...one, ...allow })).status, 'ok');
  assert.equal((await cors({ ...origin, ...allow }, 0)).status, 'skipped');
  assert.match((await cors({ ...origin, ...allow }, 300)).seen, /^OPTIONS: HTTP 300/);
});
