import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { diagnoseTokenError, type TokenAnswer } from 'keycloak-guard/client';
import { explain as explainBy, loadRules } from '../../../packages/cli/src/doctor/explain.ts';
import { codeRules, codesIn, explainPage } from '../../../tools/docs/explain-page.ts';

const book = loadRules();
const { rules, topics } = book;
const explain = (pasted: string) => explainBy(pasted, book);

/** Lines of a file: the expected ids, a tab, the line as it was pasted. */
function linesOf(file: string): { ids: string[]; line: string }[] {
  const text = readFileSync(new URL(file, import.meta.url), 'utf8');
  return text
    .trim()
    .split('\n')
    .map((one) => {
      const [ids = '', ...line] = one.split('\t');
      return { ids: ids.split('|'), line: line.join('\t') };
    });
}

test('--explain knows every line of built-from.tsv', () => {
  for (const { ids, line } of linesOf('built-from.tsv')) {
    // Where it is not certain it may name two.
    const [first, second] = explain(line);
    const named = first?.status === 'warn' ? [first, second] : [first];
    assert.ok(
      named.some((one) => ids.includes(one?.id.replace('explain.', '') ?? '')),
      `${line}\n${first?.id}: ${first?.seen}`,
    );
  }
});

test('every rule has a cause, a fix, a source and a name of its own', () => {
  assert.equal(new Set(rules.map(({ id }) => id)).size, rules.length);
  for (const { id, cause, fix, source, marks, certain, possible } of rules) {
    assert.match(cause, /\.$/, id);
    assert.ok(fix.length > 0 && (marks.includes('own') ? source === '' : URL.canParse(source)), id);
    assert.ok(certain.length + possible.length > 0, id);
    // No part of a rule matches nothing, and so everything.
    for (const { pattern } of [...certain, ...possible]) assert.equal(''.match(pattern), null, id);
  }
});

const errors = readFileSync(new URL('../../../docs/errors.md', import.meta.url), 'utf8');
const codes = [...new Set(errors.match(/(?<=^\| `)[a-z_]+(?=` \|)/gm))];

test('every code that the log of keycloak-guard holds is explained by its row of docs/errors.md', () => {
  assert.ok(codes.length > 80);
  const said: string[] = [];
  for (const code of codes) {
    const whole = `keycloak-guard: GET /x was refused: 401 ${code}, The token expired (seen aud account). Log in again`;
    const json = `{"level":40,"time":1,"code":"${code}","msg":"access refused"}`;
    const namesOf = (line: string) => {
      const found = explain(line);
      said.push(JSON.stringify(found));
      return found.map((one) => `${one.id} ${one.status}`);
    };
    assert.deepEqual(namesOf(whole), [`explain.${code} ok`]);
    // Some codes are words of other rules, which are certain.
    for (const line of [`keycloak: refused (${code})`, json])
      assert.match(
        String(namesOf(line)[0]),
        new RegExp(`^explain\\.(${code}|no-token|role-missing) warn$| ok$`),
        line,
      );
  }
  const [revoked] = explain('keycloak: The token was revoked (token_revoked)');
  assert.match(
    `${revoked?.cause} ${revoked?.fix}`,
    /^Its session ended.+The user logged out.+: log in again\./,
  );
  assert.doesNotMatch(said.join(), /`|\]\(/);
});

test('a word of another program that is one of the codes is not for certain one', () => {
  for (const line of [
    '{"code":"not_found","msg":"user 42 not found"}',
    '{"ok":false,"code":"token_revoked","reason":"the workspace was left"}',
    'kubernetes: deployment keycloak failed (not_found)',
    '{"code":"connection_refused","msg":"mongo connection refused"}',
  ])
    assert.notEqual(explain(line)[0]?.status, 'ok', line);
});

test('what a line says of the cause counts before the code that came of it', () => {
  for (const [line, id] of [
    ['keycloak: connect ECONNREFUSED 127.0.0.1:8080 (keys_unavailable)', 'explain.unreachable'],
    ['self-signed certificate in certificate chain (provider_unavailable)', 'explain.tls-untrusted'],
  ] as const)
    assert.deepEqual(
      explain(line).map((one) => [one.id, one.status]),
      [[id, 'ok']],
      line,
    );
});

test('the codes in explain.txt are those of docs/errors.md', () => {
  const text = readFileSync(new URL('../../../packages/cli/explain.txt', import.meta.url), 'utf8');
  assert.equal(codesIn(text), codeRules());
});

test('every topic is of a rule', () => {
  for (const { rule, pattern } of topics) assert.ok(rule, String(pattern));
});

test('docs/explain.md is made of the rules (npm run docs)', () => {
  const page = readFileSync(new URL('../../../docs/explain.md', import.meta.url), 'utf8');
  assert.equal(page, explainPage());
});

test('a known reason is named alone, without what its words could mean elsewhere', () => {
  for (const [line, id] of [
    ['{"error":"access_denied","error_description":"Client is not the holder of the token"}', 'exchange'],
    ['OperationProcessingError: unexpected JWT "iss" (issuer) claim value', 'wrong-issuer'],
    ['OperationProcessingError: unexpected JWT "aud" (audience) claim value', 'wrong-audience'],
  ] as const)
    assert.deepEqual(
      explain(line).map((one) => one.id),
      [`explain.${id}`],
    );
});

const SIGN_IN =
  'https://sso.example/realms/x/protocol/openid-connect/auth?client_id=api&redirect_uri=https%3A%2F%2Fapp.example%2Fcallback&response_type=code&scope=openid%20profile&state=abc&nonce=def&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256';

test('what is known for certain is explained alone', () => {
  for (const [what, pasted, id] of [
    ['a request of a sign-in with PKCE', SIGN_IN, 'sign-in-request'],
    ['one as a browser logs it', `GET ${SIGN_IN}`, 'sign-in-request'],
    ['one that is pushed', SIGN_IN.replace(/&.*/, '&request_uri=urn:ietf:x'), 'sign-in-request'],
    ['an error below the address', `${SIGN_IN}\nInvalid parameter: redirect_uri`, 'redirect-uri'],
    ['an error above the address', `Missing parameter: code_challenge_method\n${SIGN_IN}`, 'pkce'],
    ['an error beside the address', `${SIGN_IN} Client not found.`, 'client-unknown'],
    [
      "the service's answer where its client is refused",
      '{"detail":"Login is not available"}',
      'login-not-available',
    ],
    [
      "the service's answer without Keycloak",
      '{"detail":"Identity provider unavailable"}',
      'provider-unavailable',
    ],
    ["the service's answer to a new user", '{"detail":"Account is not fully set up"}', 'account-not-ready'],
    [
      "the service's log of a new user",
      '{"level":"info","reqId":"r1","id":"account-not-ready","msg":"login refused: Keycloak wants something of the user first: a new password, a missing profile field, an OTP device"}',
      'account-not-ready',
    ],
    [
      "the service's log of a disabled user",
      '{"level":"info","reqId":"r1","id":"account-disabled","msg":"login refused: the user is disabled"}',
      'account-disabled',
    ],
    [
      "the service's log of a client that may not log users in",
      `{"id":"direct-grants-off","msg":"login is not available: the client 'api' may not log users in with a password"}`,
      'flow-off',
    ],
    [
      "the service's log of an unknown client",
      `{"id":"wrong-client-id","msg":"login is not available: the client 'api' is unknown in the realm 'shop', or disabled"}`,
      'client-unknown',
    ],
    [
      "the service's log without Keycloak",
      '{"id":"unreachable-refused","msg":"identity provider unavailable: nothing listens at http://127.0.0.1:8080/realms/x/protocol/openid-connect/token"}',
      'unreachable',
    ],
    [
      'a code of a refusal after what it came of',
      'connect ECONNREFUSED 127.0.0.1:8080; refused: 503 provider_unavailable, GET /me',
      'unreachable',
    ],
    [
      'a locked user',
      'Account is temporarily disabled; contact your administrator or retry later.',
      'user-locked',
    ],
    [
      'a realm that is off',
      '{"error":"access_denied","error_description":"Realm not enabled"}',
      'realm-unknown',
    ],
    [
      'a token of a disabled user',
      '{"error":"invalid_token","error_description":"User disabled"}',
      'account-disabled',
    ],
    [
      'a token of a disabled client',
      'Bearer realm="x", error="invalid_token", error_description="Client disabled"',
      'client-unknown',
    ],
    ['a logout without its hint', 'Missing parameters: id_token_hint', 'logout-parameters'],
    [
      'an error as keycloak-js logs it',
      'error_description: "Missing+parameter%3A+code_challenge_method"',
      'pkce',
    ],
    [
      'a permission that is not given',
      '{"error":"access_denied","error_description":"not_authorized"}',
      'permissions',
    ],
    ["Keycloak's words of a disabled user", 'invalid_grant: Account disabled', 'account-disabled'],
    ["Keycloak's words of a new user", 'Account is not fully set up', 'account-not-ready'],
  ] as const)
    assert.deepEqual(
      explain(pasted).map((one) => [one.id, one.status]),
      [[`explain.${id}`, 'ok']],
      what,
    );
});

test('a refused password names what else is refused in these words', () => {
  const [first] = explain('{"detail":"Invalid username or password"}');
  assert.equal(first?.id, 'explain.user-credentials');
  for (const cause of ['disabled', 'set up', 'brute force']) assert.ok(first.cause.includes(cause), cause);
});

test("the service's own log line of a failed login is explained by its id's cause, or has the cause itself", () => {
  const url = 'https://sso.test/realms/shop/protocol/openid-connect/token';
  const about = { url, realm: 'shop', clientId: 'api', isJson: true };
  const say = (answer: Omit<TokenAnswer, 'isJson'>) => {
    const { id, kind, cause, fix } = diagnoseTokenError({ ...about, ...answer });
    const what = kind === 'provider_unavailable' ? 'identity provider unavailable' : 'login is not available';
    const line = { level: 'warn', reqId: 'r1', id, fix, msg: `${what}: ${cause}` };
    return explain(JSON.stringify(line)).map((one) => `${one.id.replace('explain.', '')} ${one.status}`);
  };
  for (const answer of [
    { status: 400, error: 'server_error' },
    { status: 503 },
    { status: 0, failure: 'timed out' },
    { status: 0, failure: 'ENOTFOUND' },
    { status: 307, location: 'https://other.test/' },
    { status: 403, error: 'invalid_request', description: 'HTTPS required' },
    { status: 403, error: 'access_denied', description: 'Realm not enabled' },
    { status: 400, error: 'invalid_client', description: 'Client requires user consent' },
    { status: 404, error: 'x' },
    { status: 404, error: 'Realm does not exist' },
    { status: 403, error: 'invalid_request', description: 'Invalid origin' },
  ])
    assert.deepEqual(say(answer), ['guard-log ok'], JSON.stringify(answer));
  const exact = { status: 400, error: 'unauthorized_client' };
  const description = 'Client not allowed for direct access grants';
  assert.deepEqual(say({ ...exact, description }), ['flow-off ok']);
  assert.deepEqual(say({ status: 401, error: 'invalid_client' }), ['client-unknown ok']);
  assert.deepEqual(say({ status: 0, failure: 'ECONNREFUSED' }), ['unreachable ok']);
  assert.deepEqual(say({ status: 0, failure: 'EPROTO' }), ['tls-protocol ok']);
});

test('a topic is never more than a perhaps', () => {
  const [first] = explain('The frobnicator of the audience failed');
  assert.equal(first?.id, 'explain.wrong-audience');
  assert.equal(first?.status, 'warn');
  assert.equal(explain('All audiences are happy')[0]?.id, 'explain.unknown');
});

test('--explain is certain of no error in a request, and of nothing in unrelated.txt', () => {
  const unrelated = readFileSync(new URL('unrelated.txt', import.meta.url), 'utf8')
    .trim()
    .split('\n');
  for (const line of [
    'https://sso/realms/x/protocol/openid-connect/logout?client_id=a&post_logout_redirect_uri=https%3A%2F%2Fapp%2F',
    'curl https://sso/realms/x/protocol/openid-connect/token -d client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer -d client_assertion=x',
    'curl https://sso/realms/x/protocol/openid-connect/token -d subject_token=x -d audience=orders',
    ...unrelated,
  ])
    for (const { status, id } of explain(line)) assert.notEqual(status, 'ok', `${id}: ${line}`);
});

test('of two rules that contradict each other both are named, as a perhaps', () => {
  const line = 'Signed JWT rejected: Another algorithm expected, or no matching key(s) found';
  assert.deepEqual(
    explain(line).map(({ id, status }) => [id, status]),
    [
      ['explain.unknown-key', 'warn'],
      ['explain.wrong-algorithm', 'warn'],
    ],
  );
});

test('of several known errors in a line the last is the reason', () => {
  const line = 'failed to perform initial login: dial tcp 127.0.0.1:8080: connect: connection refused';
  assert.equal(explain(line)[0]?.id, 'explain.unreachable');
});

test('what is secret in a pasted text is not printed', () => {
  const pasted = `code=abc.def.ghi client_secret=s3cret eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln error=invalid_grant&error_description=Code+not+valid`;
  const shown = JSON.stringify(explain(pasted));
  for (const secret of ['abc.def', 's3cret', 'eyJhbGci']) assert.ok(!shown.includes(secret), shown);
});

test('words that a log has wrapped and indented are the same words', () => {
  const plain = explain('Keycloak: Invalid parameter: redirect_uri');
  assert.equal(plain[0]?.status, 'ok');
  for (const gap of [`\n${' '.repeat(30)}`, `\r\n${'\t'.repeat(120)}`, ' '.repeat(200)])
    assert.deepEqual(
      explain(`Keycloak: Invalid parameter:${gap}redirect_uri`).map(({ id, status }) => [id, status]),
      plain.map(({ id, status }) => [id, status]),
    );
});

test('a long text is explained in bounded time', () => {
  const started = process.cpuUsage();
  explain('error expected audience not iss key role claim cookie state '.repeat(20_000));
  explain(`${'a'.repeat(50_000)}\n${' '.repeat(50_000)}`);
  explain(':'.repeat(50_000));
  explain(`expected audience${'\t '.repeat(20_000)}x`);
  // Half a second by itself; a rule that tries every place of the text from every other takes a minute, at least where V8 has
  // compiled so many expressions that it optimizes no more.
  assert.ok(process.cpuUsage(started).user < 10_000_000);
  for (const [line, secret] of [
    ['could not retrieve discovery {"password":"hunter2"} metadata', 'hunter2'],
    ['unable to load discovery from https://kc:hunter2@sso/realms/x configuration', 'hunter2'],
    ['CODE_TO_TOKEN_ERROR, client_secret: hunter2, error=invalid_code', 'hunter2'],
    ['Cookie KC_AUTH_SESSION_HASH=hunter2; x rejected because SameSite', 'hunter2'],
    ['state cookie connect.sid=s%3Ahunter2.sig not found keycloak', 'hunter2'],
    ["could not retrieve discovery { clientSecret: 'hunter2', otp: 'hunter2' } metadata", 'hunter2'],
    ['could not retrieve discovery Authorization: Bearer hunter2-hunter2 metadata', 'hunter2'],
  ] as const) {
    const [first] = explain(line);
    assert.notEqual(first?.id, 'explain.unknown', line);
    assert.ok(!JSON.stringify(first).includes(secret), first?.seen);
  }
});
