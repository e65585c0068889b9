import assert from 'node:assert/strict';
import { mock, type TestContext, test } from 'node:test';
import { createRefusalLog } from '../../packages/guard/src/adapters/engine/parts/refusal-log.ts';
import { refusalLevel } from '../../packages/guard/src/adapters/engine/refusals.ts';
import { toGuard } from '../../packages/guard/src/core/guards/requirements.ts';
import { AuthError, type Principal } from '../../packages/guard/src/core/index.ts';
import { toPrincipal } from '../../packages/guard/src/core/principal/to-principal.ts';
import { assertSameOrigin } from '../../packages/guard/src/session/internal.ts';

const expired = new AuthError('token_expired', 'The token expired', {
  expected: 'exp in the future',
  seen: 'exp 5',
});

/** What is logged, and what is written to the standard error output. */
function logOf(
  t: TestContext,
  isDevelopment: boolean,
  {
    explain = false,
    logRefusals,
    hasListener = false,
    debugByDefault = false,
  }: Partial<{ explain: boolean; logRefusals: boolean; hasListener: boolean; debugByDefault: boolean }> = {},
  levels: readonly string[] = [],
) {
  const lines: string[] = [];
  const write = mock.method(process.stderr, 'write', (line: string) => lines.push(`stderr ${line}`) > 0);
  t.after(() => write.mock.restore());
  const logger = Object.fromEntries(
    levels.map((level) => [level, (_fields: object, line: string) => lines.push(`${level} ${line}`)]),
  );
  const level = refusalLevel(logRefusals, hasListener, debugByDefault, isDevelopment);
  const log = createRefusalLog<string>({
    ...{ explain, isLoud: level === 'loud' },
    loggerOf: () => (levels.length === 0 ? undefined : (logger as never)),
    toSessionRequest: (url) => ({ method: 'GET', url }),
  });
  return {
    log:
      level &&
      ((request: string, error: AuthError, caller: Principal | null = null) => log(request, error, caller)),
    lines,
  };
}

const LINE =
  'GET /orders was refused: 401 token_expired, The token expired (expected exp in the future, seen exp 5). ' +
  'Refresh the token, or log in again; right after a login, compare the clocks. explain: true puts the reason into the answer';

test('in development, a refusal is a line on the standard error output, or in the log if there is one', (t) => {
  const plain = logOf(t, true);
  plain.log?.('/orders?code=secret', expired);
  plain.log?.('/a\u001b[31m\nb', expired);
  assert.deepEqual(plain.lines, [
    `stderr keycloak-guard: ${LINE}\n`,
    // The advice about the answer is said once.
    `stderr keycloak-guard: ${LINE.replace('/orders', '/a [31m b').replace(/\. explain.*/, '')}\n`,
  ]);
  const logged = logOf(t, true, { explain: true }, ['info', 'debug']);
  logged.log?.('https://api.example.com/orders', expired);
  assert.deepEqual(logged.lines, [`info ${LINE.replace(/\. explain.*/, '')}`]);
});

test('a line says who was refused, as far as the token is good', (t) => {
  const { log, lines } = logOf(t, true, { explain: true });
  const denied = new AuthError('role_missing', 'The realm role admin is missing', { seen: 'user' });
  log?.('/admin', denied, toPrincipal({ sub: '5f', preferred_username: 'ann\u001b[31m' }, {}));
  log?.('/admin', denied, toPrincipal({ sub: '5f' }, {}));
  log?.('/admin', denied);
  log?.('/admin', denied, toPrincipal({ preferred_username: `Bearer ${'a'.repeat(5_000)}` }, {}));
  assert.deepEqual(
    lines.map((line) => /\(.*?\)/.exec(line)?.[0]),
    ['(seen user, caller ann [31m)', '(seen user, caller 5f)', '(seen user)', '(seen user, caller Bearer …)'],
  );
});

test('an MCP client that names an unknown session is said what to do', (t) => {
  const { log, lines } = logOf(t, true, { explain: true });
  log?.('/mcp', new AuthError('mcp_session_unknown', 'Not known'));
  assert.match(lines[0] ?? '', /The client has to start a new session.*several processes/);
});

test('a refusal without a hint of its own names the command that explains it', (t) => {
  const { log, lines } = logOf(t, true, { explain: true });
  for (const code of ['token_signature', 'tenant_unknown', 'token_bound', 'token_not_yet_valid'] as const)
    log?.('/orders', Object.assign(Object.create(expired), { code }));
  assert.match(
    lines[0] ?? '',
    /\. Get a new token: this one was changed on the way, or another Keycloak issued it\n$/,
  );
  assert.match(
    lines[1] ?? '',
    /\. Look at the name that tenants\.of gives for this request, and at what tenants\.get says about it\n$/,
  );
  assert.match(
    lines[2] ?? '',
    /\. npx keycloak-guard doctor --explain takes this line, and says what to do\n$/,
  );
  assert.match(lines[3] ?? '', /\. Compare the clocks of this machine and of Keycloak\n$/);
});

test('an organization that lacks somebody, or in which somebody lacks a role, is named with its place in the console', (t) => {
  const { log, lines } = logOf(t, true, { explain: true });
  const acme = toPrincipal(
    { organization: { acme: { groups: ['/staff'] } }, realm_access: { roles: ['billing'] } },
    {},
  );
  for (const requirement of [
    { organization: { alias: 'acme', realmRole: 'billing' } },
    { organization: { alias: 'acme', group: '/board' } },
    { organization: 'globex' },
    { organization: { alias: 'a\u001b[31m\nb' } },
    { realmRole: 'admin' },
  ])
    assert.throws(
      () => toGuard(requirement, 'my-api')(acme),
      (error: AuthError) => log?.('/orders', error) === undefined,
    );
  const [role, group, member, hostile, ofRealm] = lines;
  const there =
    /In Keycloak: Organizations, acme, Groups: add the user to the group, or to one that has the role/;
  assert.match(
    role as string,
    /role_missing, The realm role billing is missing in the organization acme \(expected/,
  );
  assert.match(role as string, there);
  assert.match(
    group as string,
    /group_missing, The group \/board is missing in the organization acme \(.*seen \/staff\)/,
  );
  assert.match(group as string, there);
  assert.match(member as string, /scope organization:globex, .* Organizations, globex, Members/);
  assert.ok(hostile?.includes('organization:a [31m b,') && !/\p{Cc}/u.test(hostile.trimEnd()), hostile);
  assert.match(ofRealm as string, /Assign the role to the user in Keycloak, then get a new token/);
});

test('in production nothing is logged, unless the application or its framework wants it', (t) => {
  assert.equal(logOf(t, false).log, undefined);
  const wanted = logOf(t, false, { logRefusals: true }, ['info', 'debug']);
  wanted.log?.('/orders', expired);
  assert.deepEqual(wanted.lines, ['debug access refused']);
  const byDefault = logOf(t, false, { debugByDefault: true }, ['info', 'debug']);
  byDefault.log?.('/orders', expired);
  assert.deepEqual(byDefault.lines, ['debug access refused']);
  const withoutDebug = logOf(t, false, { logRefusals: true }, ['info']);
  withoutDebug.log?.('/orders', expired);
  assert.deepEqual(withoutDebug.lines, [`info ${LINE}`]);
});

test('an application that listens, or wants no lines, gets none', (t) => {
  for (const isDevelopment of [true, false]) {
    assert.equal(logOf(t, isDevelopment, { logRefusals: false, debugByDefault: true }).log, undefined);
    assert.equal(logOf(t, isDevelopment, { hasListener: true }).log, undefined);
  }
  const both = logOf(t, true, { hasListener: true, logRefusals: true });
  both.log?.('/orders', expired);
  assert.equal(both.lines.length, 1);
});

test('senders of bad tokens do not fill the standard error output', (t) => {
  const { log, lines } = logOf(t, true);
  for (let i = 0; i < 1_000; i++) log?.('/orders', expired);
  assert.equal(lines.length, 20);
  assert.match(lines.at(-1) ?? '', /More refusals follow; they are not shown for 10 s\n$/);
});

test('a token for another audience: its scope comes first, then a mapper for the client that it names', (t) => {
  const { log, lines } = logOf(t, true, { explain: true });
  const seen = (text: string) =>
    new AuthError('token_audience', 'For another', { expected: 'aud a', seen: text });
  for (const text of ['aud account, azp frontend', 'https://b.example', 'aud b, azp $(rm)', 'aud b, azp -x'])
    log?.('/orders', seen(text));
  // It was exchanged for another service, which sent it back.
  log?.('/orders', seen('aud stock, azp a'));
  const scope = 'Ask for the scope of the client that has the audience mapper, when the token is requested';
  const hints = lines.map((line) => line.trimEnd().replace(/^.*\)\. /, ''));
  assert.deepEqual(hints, [
    `${scope}; if frontend shall call this API and has no such scope: npx keycloak-guard setup audience frontend`,
    ...[scope, scope, scope, scope],
  ]);
});

test('a token of another realm is named as one, whose key is unknown too', (t) => {
  const { log, lines } = logOf(t, true);
  const [expected, seen] = [
    'iss https://sso.example.com/realms/acme',
    'iss https://sso.example.com/realms/umbrella',
  ];
  log?.('/me', new AuthError('token_key_unknown', 'unknown key', { expected, seen }));
  assert.match(lines[0] ?? '', /\. It is of another realm, or of another Keycloak/);
});

test('of alternatives each is enough, whatever the last one asked for', (t) => {
  const { log, lines } = logOf(t, true, { explain: true });
  const expected = 'realm role clerk, or scope orders:read';
  log?.('/orders', new AuthError('scope_missing', 'The scope orders:read is missing', { expected }));
  assert.match(
    lines[0] ?? '',
    /expected realm role clerk, or scope orders:read\)\. One of what is expected is enough/,
  );
});

test('a refusal for its origin is said as it is for requests with a session, with a token, and with neither', (t) => {
  const { log, lines } = logOf(t, true, { explain: true });
  for (const headers of [{ cookie: 'session=a' }, { authorization: 'Bearer a' }, {}])
    assert.throws(
      () => assertSameOrigin({ method: 'POST', headers }, 'https://a.example'),
      (error: AuthError) => log?.('/auth/logout', error) === undefined,
    );
  for (const line of lines)
    assert.match(
      line,
      /cross_origin_request, Nothing shows that a page of this origin sent the request \(expected Sec-Fetch-Site same-origin, or Origin https:\/\/a\.example\)\. A session cookie counts from pages of this origin alone, an access token from any; an MCP server names other pages in allowedOrigins\n$/,
    );
  assert.equal(lines.length, 3);
});
