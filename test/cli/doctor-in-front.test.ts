import assert from 'node:assert/strict';
import { createServer, type RequestListener, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { isStranger, toWords } from '../../packages/cli/src/keycloak/call.ts';
import { judgeStranger, toTokenAnswer } from '../../packages/cli/src/keycloak/finding.ts';
import { type DevIdp, startDevIdp } from '../../packages/testing/src/index.ts';
import { settingsFor, troubles, visitDoctor } from './doctor-visit.ts';

const REALM_FILE = new URL('../../packages/testing/testing-realm.json', import.meta.url);
const USER = { DOCTOR_USER: 'abdullah', DOCTOR_PASSWORD: 'Test#123456' };

describe('the doctor, where something stands in front of Keycloak', () => {
  const idps: DevIdp[] = [];
  const servers: Server[] = [];
  before(async () => {
    for (let count = 0; count < 2; count++) idps.push(await startDevIdp({ realmFile: REALM_FILE }));
  });
  after(async () => {
    for (const server of servers) {
      server.closeAllConnections();
      server.close();
    }
    await Promise.all(idps.map((idp) => idp.close()));
  });

  async function serve(listener: RequestListener): Promise<string> {
    const server = createServer(listener);
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  /** Passes on; `edit` may change what comes back. */
  function pass(
    ...[incoming, outgoing, idp, edit = (text) => text]: [
      ...Parameters<RequestListener>,
      DevIdp | undefined,
      ((text: string) => string)?,
    ]
  ): void {
    const options = { method: incoming.method, headers: incoming.headers };
    const onward = request(`${idp?.url}${incoming.url}`, options, async (answer) => {
      const parts: Buffer[] = [];
      for await (const part of answer) parts.push(part as Buffer);
      const { 'content-length': _, 'transfer-encoding': __, ...headers } = answer.headers;
      outgoing.writeHead(answer.statusCode ?? 502, headers).end(edit(Buffer.concat(parts).toString()));
    });
    incoming.pipe(onward);
  }

  const told = async (url: string, env = {}) =>
    troubles(await visitDoctor({ settings: settingsFor(url), env })).map(
      ({ id, status, cause }) => [id, status, cause] as const,
    );

  test('names two Keycloaks that share an address and no keys', async () => {
    // As a load balancer does: whoever stays on a connection stays with a Keycloak.
    const connections = new Map<unknown, number>();
    const ofKeys = new Set<unknown>();
    const url = await serve((incoming, outgoing) => {
      const at = connections.get(incoming.socket) ?? connections.size;
      connections.set(incoming.socket, at);
      if (incoming.url?.endsWith('/certs')) ofKeys.add(incoming.socket);
      pass(incoming, outgoing, idps[incoming.url?.endsWith('/certs') ? at % 2 : 0]);
    });
    const [first] = await told(url);
    assert.deepEqual(first?.slice(0, 2), ['keys.signing', 'fail']);
    assert.match(first?.[2] ?? '', /is several Keycloaks that do not share their keys/);
    assert.ok(ofKeys.size >= 8, `the keys were asked for on ${ofKeys.size} connections`);
  });

  for (const [what, edit, status] of [
    [
      'beside its keys is passed over',
      (text: string) => text.replace('"keys":[', '"keys":[null,7,'),
      undefined,
    ],
    ['alone is a finding', () => '{"keys":[null]}', 'fail'],
  ] as const) {
    test(`a key of the realm that is none: ${what}`, async () => {
      const url = await serve((incoming, outgoing) =>
        pass(incoming, outgoing, idps[0], incoming.url?.endsWith('/certs') ? edit : undefined),
      );
      const found = (await told(url)).filter(([id]) => id === 'keys.signing');
      assert.deepEqual(
        found.map((one) => one[1]),
        status === undefined ? [] : [status],
      );
      if (status) assert.match(found[0]?.[2] ?? '', /publishes no key with which/);
    });
  }

  test('names who takes the Authorization header away', async () => {
    const url = await serve((incoming, outgoing) => {
      delete incoming.headers.authorization;
      pass(incoming, outgoing, idps[0]);
    });
    const found = await told(url, USER);
    assert.deepEqual(
      found.map(([id]) => id),
      ['login.userinfo'],
    );
    assert.match(found[0]?.[2] ?? '', /takes the Authorization header away/);
  });

  test('tries the address to which browsers are sent, where this machine has to reach it too', async () => {
    const speaksTls = await serve((_, outgoing) =>
      outgoing.writeHead(400, { server: 'nginx' }).end('<p>The plain HTTP request was sent to HTTPS port'),
    );
    const look = async (origin: string) => {
      const url = await serve((incoming, outgoing) =>
        pass(incoming, outgoing, idps[0], (text) =>
          text.replace(/("authorization_endpoint":")http:\/\/[^/]+/, `$1${origin}`),
        ),
      );
      return (await visitDoctor({ settings: settingsFor(url) })).find(
        ({ id }) => id === 'client.browser-login',
      );
    };
    for (const origin of ['http://127.0.0.1:9', speaksTls]) {
      const found = await look(origin);
      assert.equal(found?.status, 'fail', origin);
      assert.ok(found?.cause.includes(`sends browsers to ${origin}/`), found?.cause);
      assert.match(found?.fix ?? '', /KC_HOSTNAME/);
    }
    // Whether browsers reach another name, this machine cannot know.
    for (const origin of [`${idps[0]?.url}`, 'http://keycloak:8080', 'http://sso.invalid'])
      assert.equal((await look(origin))?.status, 'ok', origin);
  });

  const page = (outgoing: Parameters<RequestListener>[1]) =>
    outgoing
      .writeHead(200, { 'content-type': 'text/html' })
      .end('<html><title>Company sign-in</title></html>');

  for (const [part, answer, id, cause] of [
    [/userinfo/, page, 'login.userinfo', /with a page of its own \(HTTP 200\).*Company sign-in/],
    [
      /\/token$/,
      (outgoing) => outgoing.writeHead(200, { 'content-type': 'application/json' }).end('[null]'),
      'client.password-grant',
      /no token is in it/,
    ],
  ] as [RegExp, typeof page, string, RegExp][]) {
    test(`names who answers ${part} with HTTP 200 in place of Keycloak`, async () => {
      const url = await serve((incoming, outgoing) =>
        part.test(incoming.url ?? '') ? answer(outgoing) : pass(incoming, outgoing, idps[0]),
      );
      const failed = (await told(url, USER)).filter(([, status]) => status === 'fail');
      assert.deepEqual(
        failed.map(([one]) => one),
        [id],
      );
      assert.match(failed[0]?.[2] ?? '', cause);
    });
  }

  for (const [what, answer] of [
    ['shows a page', page],
    [
      'redirects',
      (outgoing) => outgoing.writeHead(302, { location: 'http://127.0.0.1:9/oauth2/start' }).end(),
    ],
    ['hangs up', (outgoing) => outgoing.destroy()],
  ] as [string, (outgoing: Parameters<RequestListener>[1]) => unknown][]) {
    test(`a proxy that keeps the admin out is named, and nothing is said of what it hides: it ${what}`, async () => {
      const claims = Buffer.from(JSON.stringify({ iat: 1, exp: 100 })).toString('base64url');
      const url = await serve((incoming, outgoing) => {
        if (incoming.url?.startsWith('/admin/')) answer(outgoing);
        else if (incoming.url?.startsWith('/realms/master/protocol'))
          outgoing
            .writeHead(200, { 'content-type': 'application/json' })
            .end(JSON.stringify({ access_token: `e30.${claims}.x` }));
        else pass(incoming, outgoing, idps[0]);
      });
      const settings = settingsFor(url);
      const env = { ...USER, KEYCLOAK_ADMIN_USER: 'admin', KEYCLOAK_ADMIN_PASSWORD: 'admin' };
      const results = await visitDoctor({ settings, env });
      const [first, ...others] = troubles(results);
      assert.deepEqual([first?.id, others], ['admin.rights', []]);
      assert.match(first?.cause ?? '', /keeps calls of the admin from it/);
      assert.equal(results.find(({ id }) => id === 'realm.settings')?.status, 'skipped');
    });
  }

  for (const [name, issuer, status, cause] of [
    ['a public name at which Keycloak answers is no trouble', () => idps[0]?.url ?? '', undefined, /./],
    [
      'a name of the inside of a container network is',
      () => 'http://keycloak:8080',
      'warn',
      /its own network/,
    ],
    [
      'a public name at which nobody answers is',
      () => 'http://sso.example.invalid',
      'warn',
      /there is no answer/,
    ],
    [
      'a public name at which another Keycloak answers is',
      () => idps[1]?.url ?? '',
      'fail',
      /another Keycloak, with other keys/,
    ],
  ] as const) {
    test(`Keycloak names itself otherwise than it is called: ${name}`, async () => {
      const here = await serve((incoming, outgoing) =>
        pass(incoming, outgoing, idps[0], (text) =>
          incoming.url?.includes('.well-known')
            ? text.replace(/"issuer":"[^"]*"/, `"issuer":"${issuer()}/realms/testing"`)
            : text,
        ),
      );
      const found = (await told(here)).filter(([id]) => id === 'issuer.hostname');
      assert.deepEqual(
        found.map((one) => one[1]),
        status === undefined ? [] : [status],
        JSON.stringify(found),
      );
      if (status !== undefined) assert.match(found[0]?.[2] ?? '', cause);
    });
  }
});

test('an answer is of Keycloak by its JSON, its challenge, its security headers or its own page', () => {
  const of = (status: number, text: string, headers: Record<string, string> = {}, json?: object) =>
    isStranger({
      url: 'https://a.test/',
      status,
      text,
      json,
      headers: new Headers(headers),
      tookMs: 1,
      arrivedAt: 0,
    } as never);
  const nosniff = { 'x-content-type-options': 'nosniff' };
  const referrer = { 'referrer-policy': 'no-referrer' };
  const robots = { 'x-robots-tag': 'none' };
  assert.equal(of(0, ''), false);
  assert.equal(of(200, 'plain'), false);
  assert.equal(of(299, 'plain'), false);
  assert.equal(of(300, 'plain'), true);
  assert.equal(of(200, ' <html>'), true);
  assert.equal(of(403, ''), true);
  for (const json of [{ error: 'x' }, { errorMessage: 'x' }, { errors: [] }])
    assert.equal(of(403, '', {}, json), false);
  for (const json of [{ error: 1 }, { errors: 'x' }, {}]) assert.equal(of(403, '', {}, json), true);
  for (const scheme of ['Bearer', 'DPoP algs="ES256"'])
    assert.equal(of(401, '', { 'www-authenticate': scheme }), false);
  for (const scheme of ['Basic realm="x"', 'Bearerish x'])
    assert.equal(of(401, '', { 'www-authenticate': scheme }), true);
  for (const mark of [nosniff, referrer, robots]) {
    assert.equal(of(403, '', mark), false);
    for (const called of [{ server: 'nginx' }, { via: '1.1 x' }])
      assert.equal(of(403, '', { ...mark, ...called }), true);
  }
  assert.equal(of(403, '', { ...nosniff, ...robots, server: 'nginx' }), false);
  assert.equal(
    of(403, '', { 'x-content-type-options': 'x', 'referrer-policy': 'origin', 'x-robots-tag': 'all' }),
    true,
  );
  for (const text of [
    '<div class="kc-logo">',
    '<body class="login-pf">',
    ' HTTPS required ',
    'Invalid origin',
  ])
    assert.equal(of(403, text, { server: 'nginx' }), false, text);
  assert.equal(of(403, 'the words HTTPS required'), true);
});

test('an answer in words: its error, else its challenge, else where it leads, else its text', () => {
  const of = (
    status: number,
    text: string,
    headers: Record<string, string> = {},
    json?: object,
    failure?: string,
  ) =>
    toWords({
      url: '',
      status,
      text,
      json,
      failure,
      headers: new Headers(headers),
      tookMs: 1,
      arrivedAt: 0,
    } as never);
  const challenge = { 'www-authenticate': 'Bearer error="x"' };
  const location = { location: 'https://b.test/a?secret=1' };
  assert.equal(of(0, ''), 'no answer');
  assert.equal(of(0, '', {}, undefined, 'timed out'), 'timed out');
  assert.equal(of(400, '', { ...challenge, ...location }, { error: 'e' }), 'HTTP 400 e');
  assert.equal(of(400, '', {}, { error: 'e', error_description: 'd' }), 'HTTP 400 e: d');
  assert.equal(of(401, 'x', { ...challenge, ...location }), 'HTTP 401 Bearer error="x"');
  assert.equal(of(302, 'x', location), 'HTTP 302 to https://b.test/a');
  assert.equal(of(500, ''), 'HTTP 500');
  assert.equal(of(500, 'x'.repeat(200)), `HTTP 500 ${'x'.repeat(160)}`);
  assert.equal(
    of(500, '<head><title>t</title></head><body><script>1 < 2</script><p>It&#39;s  &amp;\n<b>so</b></p>'),
    "HTTP 500 It's & so",
  );
});

test('a stranger is described by its status, its name and its words', () => {
  const of = (status: number, headers: Record<string, string> = {}, text = '') =>
    judgeStranger({
      url: 'https://a.test/realms/shop/token?x=1',
      status,
      text,
      headers: new Headers(headers),
      tookMs: 1,
      arrivedAt: 0,
    });
  const cause = (...args: Parameters<typeof of>) => of(...args)?.cause;
  assert.equal(
    cause(401),
    "something in front of Keycloak wants a login of its own for /realms/shop/token, and answers in Keycloak's place.",
  );
  assert.match(
    cause(401, { 'www-authenticate': 'Basic realm="x"' }) ?? '',
    /a login of its own \(Basic\) for/,
  );
  assert.match(cause(429) ?? '', /limits the calls/);
  for (const status of [500, 599]) assert.match(cause(status) ?? '', /it does not reach Keycloak/);
  assert.match(cause(499) ?? '', /\(a proxy or a firewall\) answers .* itself \(HTTP 499\)/);
  assert.match(cause(200, {}, '<html>') ?? '', /with a page of its own \(HTTP 200\)/);
  assert.match(cause(300) ?? '', /sends calls of \S+ elsewhere \(no address\)/);
  assert.match(cause(399, { location: 'https://b.test/x?y=1' }) ?? '', /elsewhere \(https:\/\/b\.test\/x\)/);
  assert.match(cause(400) ?? '', /\(a proxy or a firewall\)/);
  assert.match(
    cause(403, { server: 'nginx' }, '<p>No entry</p>') ?? '',
    / It calls itself 'nginx'\. It says: No entry$/,
  );
  for (const status of [413, 431]) assert.equal(of(status), undefined);
  assert.equal(of(200, {}, '{}'), undefined);
  assert.match(of(403)?.fix ?? '', /curl -i https:\/\/a\.test\/realms\/shop\/token$/);
});

test('an answer is handed to the diagnosis with its words, where it leads, and how the client proved itself', () => {
  const of = (given: object) =>
    toTokenAnswer(
      { url: 'u', status: 302, text: '', headers: new Headers(), tookMs: 1, arrivedAt: 0, ...given } as never,
      { realm: 'shop', clientId: 'api', credential: { kind: 'key' } as never },
    );
  assert.deepEqual(of({ headers: new Headers({ location: 'https://b.test/' }) }), {
    ...{ status: 302, url: 'u', realm: 'shop', clientId: 'api', credential: 'key', isJson: false },
    ...{ error: undefined, description: undefined, failure: undefined, location: 'https://b.test/' },
  });
  assert.equal(of({}).location, undefined);
  const json = { error: 'e'.repeat(301), error_description: 'd' };
  assert.deepEqual(
    [of({ json }).error?.length, of({ json }).description, of({ json }).isJson],
    [300, 'd', true],
  );
  assert.equal(of({ json: { error: '' } }).error, undefined);
  assert.equal(of({ json: { error: 1 }, text: 'HTTPS required' }).error, undefined);
  assert.equal(of({ text: '<p>https required</p>' }).error, 'https required');
});
