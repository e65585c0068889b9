import assert from 'node:assert/strict';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { type ClientRequest, createServer, type IncomingMessage, request } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { json, text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { runProgram } from '../cli/support/program.ts';
import { openBrowser } from '../session/browser.ts';
import { eventually } from '../support/eventually.ts';
import { buildTestApp, form, PASSWORD, SECRET, settingsFor, startIdp } from './service.ts';

interface Attribute {
  readonly key: string;
  readonly value: { readonly stringValue?: string; readonly intValue?: number };
}
interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly attributes: readonly Attribute[];
  readonly status: { readonly code?: number };
}
interface Sent {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly Attribute[] };
    readonly scopeSpans: readonly { readonly spans: readonly Span[] }[];
  }[];
}

/** An OTLP collector that keeps what it is sent. */
async function startCollector(t: TestContext, answers = true) {
  const bodies: string[] = [];
  const types: (string | undefined)[] = [];
  const server = createServer(async (request, response) => {
    types.push(request.headers['content-type']);
    let body = '';
    for await (const chunk of request) body += String(chunk);
    bodies.push(body);
    if (answers) response.end('{}');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close().closeAllConnections());
  const sent = () =>
    bodies.map((body) => JSON.parse(body) as Sent).flatMap(({ resourceSpans }) => resourceSpans);
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    text: () => bodies.join('\n'),
    types,
    resources: () => sent().map(({ resource }) => resource),
    spans: () => sent().flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans)),
  };
}

/** OpenTelemetry reads these for itself. */
function setEnvironment(t: TestContext, variables: Record<string, string>): Record<string, string> {
  Object.assign(process.env, variables);
  t.after(() => {
    for (const name of Object.keys(variables)) delete process.env[name];
  });
  return variables;
}

async function setUp(t: TestContext, settings: Record<string, string> = {}) {
  const collector = await startCollector(t);
  const idp = await startIdp(t);
  const environment = setEnvironment(t, {
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
    ...settings,
  });
  const { app, log } = await buildTestApp(t, idp.url, environment);
  return { collector, idp, app, log };
}

const attributesOf = ({ attributes }: Span) =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, value.stringValue ?? value.intValue]));

test('a request, its token check and its calls to Keycloak are one trace, with the caller and with Keycloak', async (t) => {
  const toKeycloak: string[] = [];
  const { collector, idp, app } = await setUp(t, { OTEL_SERVICE_NAME: 'orders' });
  const listen = (message: unknown) => {
    const { request } = message as { request: ClientRequest };
    if (idp.url.endsWith(`${request.getHeader('host')}`))
      toKeycloak.push(`${request.getHeader('traceparent')}`);
  };
  subscribe('http.client.request.start', listen);
  t.after(() => unsubscribe('http.client.request.start', listen));
  const caller = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' };
  const traceparent = `00-${caller.traceId}-${caller.spanId}-01`;
  // The body comes later than the headers: what reads it has the context of the connection.
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  const { headers: type, payload: body } = form({ username: 'abdullah', password: PASSWORD });
  const sent = {
    ...type,
    'content-length': body.length,
    expect: '100-continue',
    traceparent,
    baggage: 'user=x',
  };
  const posted = request(`${url}/login`, { method: 'POST', headers: sent });
  posted.flushHeaders();
  await once(posted, 'continue');
  posted.end(body);
  const [answer] = (await once(posted, 'response')) as [IncomingMessage];
  const { access_token } = (await json(answer)) as { access_token: string };
  const headers = { authorization: `Bearer ${access_token}` };
  await app.inject({ url: '/protected', headers });
  await app.inject({ url: '/protected', headers });
  await app.inject('/health/live');
  await app.inject('/nothing/of/that/name');
  await app.close();

  const spans = collector.spans();
  const named = (name: string) => spans.filter((span) => span.name === name);
  const [login] = named('POST /login');
  assert.deepEqual([login?.traceId, login?.parentSpanId, login?.kind], [...Object.values(caller), 2]);
  assert.equal(attributesOf(login!)['http.response.status_code'], 200);
  assert.equal(attributesOf(login!)['http.route'], '/login');
  assert.equal(attributesOf(login!)['url.scheme'], 'http');
  const [call] = named('Keycloak password');
  assert.deepEqual([call?.traceId, call?.parentSpanId, call?.kind], [caller.traceId, login?.spanId, 3]);
  assert.equal(attributesOf(call!)['http.response.status_code'], 200);
  assert.ok(toKeycloak.includes(`00-${caller.traceId}-${call?.spanId}-01`), 'passed on');

  const [first, second] = named('GET /protected');
  const checks = named('check token');
  assert.deepEqual(
    checks.map(({ traceId, parentSpanId }) => [traceId, parentSpanId]),
    [[first?.traceId, first?.spanId]],
    'a known token has no span',
  );
  assert.ok(second !== undefined && second.traceId !== first?.traceId && second.parentSpanId === undefined);
  assert.equal(named('GET').length, 1, 'of an unknown path nothing but the method');
  assert.ok(!spans.some(({ name }) => name.includes('health')));
  const resource = JSON.stringify(collector.resources()[0]);
  assert.match(resource, /"service\.name","value":\{"stringValue":"orders"/);
  assert.ok(!collector.text().includes('user=x'), 'no baggage');
});

test('what Keycloak is asked about a token belongs to the check of the token', async (t) => {
  const { collector, idp, app } = await setUp(t, { TOKEN_CHECK: 'remote' });
  const token = await idp.issueToken({ username: 'abdullah' });
  const headers = { authorization: `Bearer ${token}` };
  await app.inject({ url: '/protected', headers });
  await app.inject({ url: '/protected', headers: { authorization: 'Bearer x.y.z' } });
  await app.close();
  const spans = collector.spans();
  const [good, bad] = spans.filter(({ name }) => name === 'check token');
  const asked = spans.find(({ name }) => /^Keycloak (introspection|userinfo)$/.test(name));
  assert.deepEqual([asked?.traceId, asked?.parentSpanId], [good?.traceId, good?.spanId]);
  assert.equal(attributesOf(bad!)['error.type'], 'token_malformed');
  assert.equal(bad?.status.code, 2);
});

test('no span holds a password, token, secret, cookie, code or query', async (t) => {
  const { collector, app } = await setUp(t);
  const login = await app.inject(form({ username: 'abdullah', password: PASSWORD }));
  const { access_token, refresh_token } = login.json();
  await app.inject({
    url: '/protected?access_token=in-the-query',
    headers: { authorization: `Bearer ${access_token}` },
  });
  await app.inject({ url: '/in-the-path' });
  await app.inject({ ...form({ refresh_token }), url: '/logout' });
  const browser = openBrowser(app);
  const back = await browser.signIn();
  assert.equal(back.statusCode, 303);
  const cookies = [...browser.cookies.values()];
  await app.close();
  const text = collector.text();
  assert.ok(collector.spans().some(({ name }) => name === 'Keycloak code'));
  for (const secret of [
    PASSWORD,
    SECRET,
    'eyJ',
    'in-the-query',
    'in-the-path',
    'code=',
    'state=',
    ...cookies,
  ]) {
    assert.ok(!text.includes(secret), secret);
  }
});

test('which requests have a span is decided as OTEL_TRACES_SAMPLER says', async (t) => {
  const asks = (flags: string) => ({
    traceparent: `00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-${flags}`,
  });
  for (const [sampler, names] of [
    ['', ['GET /', 'GET /docs']],
    ['parentbased_always_off', ['GET /docs']],
    ['always_on', ['GET /', 'GET /docs', 'GET /openapi.json']],
  ] as const) {
    await t.test(sampler, async (t) => {
      const { collector, app } = await setUp(t, { OTEL_TRACES_SAMPLER: sampler });
      await app.inject('/');
      await app.inject({ url: '/docs', headers: asks('01') });
      await app.inject({ url: '/openapi.json', headers: asks('00') });
      await app.close();
      const seen = new Set(collector.spans().map(({ name }) => name));
      assert.deepEqual([...seen].sort(), names);
    });
  }
});

test('a caller who hangs up and a request that is refused early have a span', async (t) => {
  const { collector, idp, app, log } = await setUp(t);
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = new URL(url);
  // Without a Host header: no hook of the route runs.
  const refused = connect(Number(port), '127.0.0.1').end('GET / HTTP/1.1\r\n\r\n');
  await text(refused);
  idp.answerSlowly(Number.POSITIVE_INFINITY, 'token');
  const { headers, payload } = form({ username: 'abdullah', password: PASSWORD });
  const asked = idp.requests.token;
  const login = request(`${url}/login`, { method: 'POST', headers }).on('error', () => {});
  login.end(payload);
  await eventually('Keycloak is asked', () => idp.requests.token > asked);
  login.destroy();
  await eventually('the connection is closed', async () => {
    const open = promisify(app.server.getConnections.bind(app.server));
    return (await open()) === 0;
  });
  await app.close();
  const [early, aborted] = ['GET /', 'POST /login'].map((name) =>
    collector.spans().filter((span) => span.name === name),
  );
  assert.deepEqual([early?.length, aborted?.length], [1, 1]);
  assert.equal(attributesOf(early![0]!)['http.response.status_code'], 400);
  const { 'error.type': type, 'http.response.status_code': status } = attributesOf(aborted![0]!);
  assert.deepEqual([type, status, aborted![0]?.status.code], ['aborted', undefined, 2]);
  assert.ok(!log.lines().some(({ msg, route }) => msg === 'request' && route === '/login'));
});

test('spans that wait are sent when the process ends; a collector that hangs does not keep it', async (t) => {
  const idp = await startIdp(t);
  for (const answers of [true, false]) {
    const collector = await startCollector(t, answers);
    const program = runProgram(
      ['serve'],
      settingsFor(idp.url, {
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint,
      }),
    );
    t.after(() => program.stop());
    const [, url = ''] = await program.says(/open (http:\/\/localhost:\d+)\/docs/);
    assert.equal((await fetch(url)).status, 200);
    const began = performance.now();
    assert.equal(await program.stop(), 0);
    // 10 s is what OpenTelemetry waits for a collector, and the default of SHUTDOWN_TIMEOUT_MS.
    assert.ok(performance.now() - began < 8_000);
    await eventually('spans arrive', () => collector.types.includes('application/x-protobuf'));
    assert.ok(!answers || collector.text().includes('keycloak-guard'));
  }
});

test('a collector that is not there disturbs nobody and is told of in one line', async (t) => {
  const idp = await startIdp(t);
  const environment = setEnvironment(t, {
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9',
    OTEL_BSP_SCHEDULE_DELAY: '50',
    OTEL_EXPORTER_OTLP_TIMEOUT: '500',
  });
  const { app, log } = await buildTestApp(t, idp.url, environment);
  for (let i = 0; i < 20; i++) assert.equal((await app.inject('/')).statusCode, 200);
  const told = () => log.lines().filter(({ msg }) => msg === 'traces could not be sent');
  await eventually('told', () => told().length > 0);
  await app.inject('/');
  assert.equal(told().length, 1);
});

test('settings that ask for traces which are not possible are told of, and nothing is traced', async (t) => {
  const idp = await startIdp(t);
  const { app, log } = await buildTestApp(t, idp.url, { OTEL_TRACES_EXPORTER: 'zipkin' });
  assert.equal((await app.inject('/')).statusCode, 200);
  const told = log.lines().filter(({ msg }) => String(msg).startsWith('no traces'));
  assert.deepEqual(
    told.map(({ level, msg }) => [level, msg]),
    [['warn', 'no traces: OTEL_TRACES_EXPORTER must be otlp, console or none']],
  );
});
