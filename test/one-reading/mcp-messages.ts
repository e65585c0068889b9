import { gzipSync } from 'node:zlib';
import fc from 'fast-check';

/** A body as it is sent, byte for byte. */
export interface Sent {
  readonly body: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

const message = (params: string, method = '"tools/call"') =>
  `{"jsonrpc":"2.0","id":1,"method":${method},"params":${params}}`;
const named = (name: string) => message(`{"name":${name},"arguments":{}}`);
const WIPE = named('"wipe"');
const LOOK = named('"look"');
const utf16 = (text: string) => new Uint8Array(Buffer.from(text, 'utf16le'));

/** Ways to call the tool `wipe` so that a guard may take it for another one, or for none. */
export const MESSAGE_TRICKS: readonly (string | Sent)[] = [
  ...[WIPE, `[${WIPE}]`, `[${LOOK},${WIPE}]`, `[[${WIPE}]]`, `{"0":${WIPE},"length":1}`, ` \n${WIPE}\r\n`],
  // The prototype that a schema assigns.
  ...['"__proto__"', '"\\u005f_proto__"', '"__proto\\u005f_"'].flatMap((key) => [
    message(`{${key}:{"name":"wipe"}}`),
    message(`{${key}:{"name":"wipe"},"arguments":{}}`),
    message(`{${key}:{${key}:{"name":"wipe"}}}`),
    message(`{${key}:{"name":"wipe"},"name":7}`),
    `{"jsonrpc":"2.0","id":1,${key}:{"method":"tools/call","params":{"name":"wipe"}}}`,
    `{"jsonrpc":"2.0","id":1,"method":"tools/call",${key}:{"params":{"name":"wipe"}}}`,
    `{${key}:${WIPE}}`,
    `[{"jsonrpc":"2.0","id":2,"method":"ping"},${message(`{${key}:{"name":"wipe"}}`)}]`,
  ]),
  ...['constructor', 'prototype'].map((key) => message(`{"${key}":{"name":"wipe"}}`)),
  message('{"constructor":{"prototype":{"name":"wipe"}}}'),
  // One of two members of a name counts, and which is for the parser to say.
  ...[
    '{"name":"look","name":"wipe"}',
    '{"name":"wipe","name":"look"}',
    '{"na\\u006de":"wipe"}',
    '{"name":"look","na\\u006de":"wipe"}',
    '{"name":"w\\u0069pe"}',
  ].map((params) => message(params)),
  `{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/call","params":{"name":"wipe"}}`,
  `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"look"},"params":{"name":"wipe"}}`,
  // What is no string, and becomes one.
  ...['["wipe"]', '[["wipe"]]', '{"toString":"wipe"}', '" wipe"', '"wipe "', '"WIPE"', '"wipe\\u0000"'].map(
    named,
  ),
  ...['["tools/call"]', '"Tools/Call"', '"tools/call "', '"tools\\u002fcall"', '"tools//call"'].map(
    (method) => message('{"name":"wipe"}', method),
  ),
  ...['[]', 'null', '"wipe"', '{"tool":"wipe"}', '{"params":{"name":"wipe"}}'].map((params) =>
    message(params),
  ),
  `{"method":"tools/call","params":{"name":"wipe"}}`,
  // What is no JSON for one of the two.
  ...[`\ufeff${WIPE}`, `${LOOK}\n${WIPE}`, `${LOOK}\0${WIPE}`, `${WIPE} // x`, WIPE.replaceAll('"', "'")],
  // Other encodings and types.
  ...[
    ['application/json; charset=utf-16le', utf16(WIPE)],
    ['application/json; charset=utf-16', utf16(`\ufeff${WIPE}`)],
    ['application/json; charset=utf-7', WIPE],
    ['application/json;charset="utf-8"', WIPE],
    ['application/json, text/plain', WIPE],
    ['text/plain; a=application/json', WIPE],
    ['text/plain', WIPE],
    ['application/vnd.api+json', WIPE],
    ['application/octet-stream', WIPE],
    ['application/x-www-form-urlencoded; a=application/json', WIPE],
    ['application/x-www-form-urlencoded', 'jsonrpc=2.0&id=1&method=tools/call&params[name]=wipe'],
    [
      'application/x-www-form-urlencoded; a=application/json',
      'jsonrpc=2.0&id=1&method=tools/call&params[name]=wipe',
    ],
    ['APPLICATION/JSON', WIPE],
  ].map(([type, body]) => ({ body: body as string, headers: { 'content-type': type as string } })),
  ...['gzip', 'GZIP', 'x-gzip', 'gzip, identity'].map((encoding) => ({
    body: new Uint8Array(gzipSync(WIPE)),
    headers: { 'content-encoding': encoding },
  })),
  { body: WIPE, headers: { 'content-encoding': 'gzip' } },
  // Headers that say what is in the body.
  { body: WIPE, headers: { 'mcp-method': 'ping', 'mcp-name': 'look' } },
  { body: LOOK, headers: { 'mcp-method': 'tools/call', 'mcp-name': 'wipe' } },
  { body: WIPE, headers: { 'mcp-protocol-version': '2026-07-28', 'mcp-name': 'look' } },
  { body: WIPE, headers: { 'x-http-method-override': 'GET' } },
];

const KEYS = [
  ...['name', 'name', 'name', '__proto__', '__proto__', '__proto__', 'constructor', 'prototype'],
  ...['params', 'method', 'arguments', 'toJSON', '0'],
];
const quoted = (text: string, escaped: boolean): string =>
  escaped
    ? `"${[...text].map((one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')}"`
    : JSON.stringify(text);

/** JSON of members that matter, in any order and as often as they come. */
const { value, object } = fc.letrec<{ value: string; object: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.constantFrom('"wipe"', '"wipe"', '"wipe"', '"look"', '"tools/call"', '{}', 'null', '["wipe"]'),
    tie('object'),
  ),
  object: fc
    .array(fc.tuple(fc.constantFrom(...KEYS), fc.boolean(), tie('value')), { minLength: 1, maxLength: 2 })
    .map((members) => `{${members.map(([key, how, text]) => `${quoted(key, how)}:${text}`).join(',')}}`),
}));

const generated = fc
  .tuple(object, fc.array(fc.tuple(fc.constantFrom(...KEYS), value), { maxLength: 1 }), fc.boolean())
  .map(([params, more, inBatch]) => {
    const rest = more.map(([key, text]) => `,${JSON.stringify(key)}:${text}`).join('');
    const one = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":${params}${rest}}`;
    return inBatch ? `[${one}]` : one;
  });

export const generateMessages = (count: number): readonly string[] =>
  fc.sample(generated, { numRuns: count, seed: 21 });
