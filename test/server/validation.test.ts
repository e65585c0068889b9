import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { form, PASSWORD, shareTestApp } from './service.ts';

const missing = (field: string) => ({
  type: 'missing',
  loc: ['body', field],
  msg: 'Field required',
  input: null,
});
const notText = (field: string) => ({
  type: 'string_type',
  loc: ['body', field],
  msg: 'Input should be a valid string',
  input: null,
});

const json = (payload: unknown) => ({ method: 'POST', url: '/login', payload: payload as object }) as const;
const raw = (type: string, payload: string | Buffer) =>
  ({ method: 'POST', url: '/login', headers: { 'content-type': type }, payload }) as const;
const JSON_TYPE = 'application/json';
const URLENCODED = 'application/x-www-form-urlencoded';

const CASES = [
  ['no body', { method: 'POST', url: '/login' } as const, [missing('username'), missing('password')]],
  ['an empty form', form({}), [missing('username'), missing('password')]],
  ['no password', form({ username: 'abdullah' }), [missing('password')]],
  ['no user name', form({ password: PASSWORD }), [missing('username')]],
  ['an empty password', form({ username: 'abdullah', password: '' }), [missing('password')]],
  ['an empty user name', form({ username: '', password: PASSWORD }), [missing('username')]],
  ['two empty fields', form({ username: '', password: '' }), [missing('username'), missing('password')]],
  ['a user name twice', raw(URLENCODED, 'username=a&username=b&password=c'), [notText('username')]],
  ['the same password twice', raw(URLENCODED, 'username=a&password=c&password=c'), [notText('password')]],
  [
    'a user name twice in JSON',
    raw(JSON_TYPE, '{"username":"a","username":"b","password":"c"}'),
    [notText('username')],
  ],
  [
    'both twice in JSON, however they are written',
    raw(JSON_TYPE, '{"username":"a","password":"c","user\\u006eame" : "a",\n"password"\t:"d"}'),
    [notText('username'), notText('password')],
  ],
  ['a number', json({ username: 'a', password: 12345678 }), [notText('password')]],
  ['null', json({ username: null, password: 'x' }), [notText('username')]],
  ['an object', json({ username: { $ne: '' }, password: 'x' }), [notText('username')]],
  [
    'a list in place of an object',
    json(['a', 'b']),
    [{ type: 'object_type', loc: ['body'], msg: 'Input should be an object', input: null }],
  ],
  [
    'the JSON null in place of an object',
    raw('application/json', 'null'),
    [{ type: 'object_type', loc: ['body'], msg: 'Input should be an object', input: null }],
  ],
  [
    'a control character in the user name',
    form({ username: 'abd\u0000ullah', password: PASSWORD }),
    [
      {
        type: 'string_pattern_mismatch',
        loc: ['body', 'username'],
        msg: 'String should not have control characters',
        input: null,
      },
    ],
  ],
  [
    'half of a surrogate pair in the password',
    raw('application/json', '{"username":"abdullah","password":"a\\ud800b"}'),
    [
      {
        type: 'string_unicode',
        loc: ['body', 'password'],
        msg: 'String should be valid Unicode',
        input: null,
      },
    ],
  ],
  [
    'a password that is too long',
    form({ username: 'abdullah', password: 'x'.repeat(4097) }),
    [
      {
        type: 'string_too_long',
        loc: ['body', 'password'],
        msg: 'String should have at most 4096 characters',
        input: null,
      },
    ],
  ],
] as const;

describe('what is sent to /login', () => {
  const shared = shareTestApp();

  test('a body with wrong fields is 422, each field is named, nothing is repeated, Keycloak is not called', async () => {
    shared.idp.resetRequests();
    const { idp, app } = shared;
    for (const [name, request, detail] of CASES) {
      const answer = await app.inject(request);
      assert.equal(answer.statusCode, 422, name);
      assert.deepEqual(answer.json(), { detail }, name);
      assert.equal(answer.headers['content-type'], 'application/json; charset=utf-8', name);
      assert.equal(answer.headers['cache-control'], 'no-store', name);
    }
    assert.equal(idp.requests.token, 0);
  });

  test('in JSON a text is no field, nor is what is within another one', async () => {
    const { app } = shared;
    for (const more of [
      '"x":"\\",\\"username\\":\\"b"',
      '"x":{"username":"b","password":"c"}',
      '"x":[{"username":"b"},"username","password"]',
      '"x":"\\\\"',
      '"x":"{["',
      '"Username":"b"',
    ]) {
      const payload = `{${more},"username":"abdullah","password":"${PASSWORD}"}`;
      assert.equal((await app.inject(raw(JSON_TYPE, payload))).statusCode, 200, payload);
    }
  });

  test('a refresh token twice in JSON is 422', async () => {
    const { app } = shared;
    for (const url of ['/refresh', '/logout']) {
      for (const before of ['', '"x":{},', '"x":[1,[{}]],', '"x":"]}",']) {
        const payload = `{${before}"refresh_token":"a","refresh_token":"b"}`;
        const answer = await app.inject({ ...raw(JSON_TYPE, payload), url });
        assert.equal(answer.statusCode, 422, payload);
        assert.deepEqual(answer.json(), { detail: [notText('refresh_token')] });
      }
    }
  });

  test('a field twice in a multipart form, and a file in place of a text, are 422', async () => {
    const { idp, app } = shared;
    idp.resetRequests();
    for (const change of [
      (fields: FormData) => fields.append('username', 'other'),
      (fields: FormData) => fields.set('username', new Blob(['abdullah']), 'name.txt'),
    ]) {
      const fields = new FormData();
      fields.set('username', 'abdullah');
      fields.set('password', PASSWORD);
      change(fields);
      const body = new Response(fields);
      const type = body.headers.get('content-type')!;
      const answer = await app.inject(raw(type, Buffer.from(await body.arrayBuffer())));
      assert.equal(answer.statusCode, 422);
      assert.deepEqual(answer.json(), { detail: [notText('username')] });
    }
    assert.equal(idp.requests.token, 0);
  });

  test('a multipart form that breaks off anywhere, within a file too, is an answer, and the service goes on', async () => {
    const { app } = shared;
    const body = [
      '--b\r\nContent-Disposition: form-data; name="password"; filename="a"\r\nContent-Type: text/plain\r\n\r\nabc',
      '--b\r\nContent-Disposition: form-data; name="username"\r\n\r\nabdullah',
      '--b--\r\n',
    ].join('\r\n');
    for (let length = 0; length < body.length; length += 3) {
      for (const url of length % 10 === 0 ? ['/login', '/nowhere'] : ['/login']) {
        const answer = await app.inject({
          ...{ method: 'POST', url, payload: body.slice(0, length) },
          headers: { 'content-type': 'multipart/form-data; boundary=b' },
        });
        const expected = url === '/login' ? [400, 422] : [404];
        assert.ok(expected.includes(answer.statusCode), `${url}, ${length} bytes: ${answer.statusCode}`);
      }
    }
  });

  test('a multipart form of more parts than any form here has is refused', async () => {
    const { app } = shared;
    const part = (name: string) => `--b\r\nContent-Disposition: form-data; name="${name}"\r\n\r\nx\r\n`;
    for (const [parts, status] of [
      [20, 422],
      [21, 400],
      [200, 400],
    ] as const) {
      const answer = await app.inject({
        ...{ method: 'POST', url: '/login', headers: { 'content-type': 'multipart/form-data; boundary=b' } },
        payload: `${Array.from({ length: parts }, (_, i) => part(`a${i}`)).join('')}--b--\r\n`,
      });
      assert.equal(answer.statusCode, status, `${parts}: ${answer.body}`);
      if (status === 400) assert.deepEqual(answer.json(), { detail: 'There was an error parsing the body' });
    }
  });

  test('a multipart form may have a short boundary, in quotes too', async () => {
    const { app } = shared;
    const part = (name: string, value: string) =>
      `--b\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
    const body = `${part('username', 'abdullah')}${part('password', PASSWORD)}--b--\r\n`;
    for (const boundary of ['b', '"b"']) {
      const answer = await app.inject(raw(`multipart/form-data; boundary=${boundary}`, body));
      assert.equal(answer.statusCode, 200, boundary);
      assert.equal(answer.json().token_type, 'bearer');
    }
    const cut = await app.inject(raw('multipart/form-data; boundary=b', body.slice(0, -9)));
    assert.deepEqual([cut.statusCode, cut.body], [400, '{"detail":"There was an error parsing the body"}']);
  });

  test('a field that would change a prototype is left out, as every field that nobody asked for', async () => {
    const { idp, app } = shared;
    idp.resetRequests();
    const login = JSON.stringify({ username: 'abdullah', password: PASSWORD }).slice(1);
    for (const more of [
      '"a": {"__proto__": ""}',
      '"__proto__": {"a": 1}',
      '"__proto__": {"a": 1}, "__proto__": {"b": 1}',
      String.raw`"\u005f_proto__": null, "a": [{"\u005f_proto__": 1}]`,
      '"constructor": {"prototype": {"a": 1}}',
    ]) {
      const answer = await app.inject(raw('application/json', `{${more}, ${login}`));
      assert.equal(answer.statusCode, 200, more);
      const inherited = await app.inject(raw('application/json', `{"__proto__": {${login}}`));
      assert.equal(inherited.statusCode, 422, 'what is in a prototype is no field');
    }
    assert.equal(Object.hasOwn(Object.prototype, 'a'), false);
    assert.equal(idp.requests.token, 5);
  });

  test('a broken body is 400, a large one 413, an unknown kind 415, and Keycloak is not called', async () => {
    const { idp, app } = shared;
    idp.resetRequests();
    const large = 'x'.repeat(17 * 1024);
    for (const [request, status, detail] of [
      [raw('application/json', '{"username": "abdullah", '), 400, 'There was an error parsing the body'],
      [raw('application/json', ''), 400, 'There was an error parsing the body'],
      [
        raw('multipart/form-data; boundary=x', 'no boundary at all'),
        400,
        'There was an error parsing the body',
      ],
      [raw('multipart/form-data', 'no boundary named'), 400, 'There was an error parsing the body'],
      [raw(URLENCODED, `username=${large}`), 413, 'Content Too Large'],
      [raw('application/json', JSON.stringify({ username: large })), 413, 'Content Too Large'],
      [raw('multipart/form-data; boundary=x', large), 413, 'Content Too Large'],
      [raw('text/plain', 'username=abdullah'), 415, 'Unsupported Media Type'],
      [raw('application/xml', '<username/>'), 415, 'Unsupported Media Type'],
    ] as const) {
      const answer = await app.inject(request);
      assert.deepEqual(
        [answer.statusCode, answer.json()],
        [status, { detail }],
        request.headers['content-type'],
      );
      assert.equal(answer.headers['cache-control'], 'no-store');
    }
    assert.equal(idp.requests.token, 0);
  });
});
