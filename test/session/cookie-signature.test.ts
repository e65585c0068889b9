import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createCookieSigner } from '../../packages/guard/src/session/cookie/seal.ts';

const FIRST = 'b7f3c1d95e0a4826b7f3c1d95e0a4826';
const OLDER = '0a4826b7f3c1d95e0a4826b7f3c1d95e';

/** Made by `Signer` of @fastify/cookie 11.1.5, with `FIRST` and with `OLDER`. */
const SIGNED_BY_FASTIFY_COOKIE = [
  [
    'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
    'cueVmpcrrdoxsOoL0fEEnxd0g3JF99EyWvU5oqc3jQQ',
    '7XMLyWT+GsFrvk9Z9MERddMwVBVYCIPXT0CHYTjgZYc',
  ],
  [
    'Zm9vYmFyZm9vYmFyZm9vYmFyZm9vYmFyZm9vYmFyZm8',
    'lQ2hrfRLVKPZgs6B/hqFSohOX6dadNzZs87QOo7uw7Y',
    '5k0dMMcErhfmS40ftClv716LC5mDC1BTsyaJaaibFfU',
  ],
  [
    'with.dots.in.it',
    'H5pCFyHqFvu2OXquRBEX89c53u8uGx64FwWCGnnFv3w',
    'Fxw02rsxZ7+Abo2480LgL94UZtDntCVGlcR+jX41tOc',
  ],
] as const;

test('what @fastify/cookie signed is read, and signed alike: nobody is signed out by the change', () => {
  const signer = createCookieSigner([FIRST, OLDER]);
  for (const [value, byFirst, byOlder] of SIGNED_BY_FASTIFY_COOKIE) {
    assert.equal(signer.sign(value), `${value}.${byFirst}`);
    assert.equal(signer.read(`${value}.${byFirst}`), value);
    assert.equal(signer.read(`${value}.${byOlder}`), value);
    assert.equal(createCookieSigner([FIRST]).read(`${value}.${byOlder}`), null);
  }
});

test('what was not signed here is nothing, however it is written', () => {
  const signer = createCookieSigner([FIRST]);
  const [value, signature] = SIGNED_BY_FASTIFY_COOKIE[1];
  const base64url = signature.replace('/', '_');
  for (const text of [
    ...['', '.', value, `${value}.`, `.${signature}`, `${value}..${signature}`, `${value} .${signature}`],
    ...[
      `${value}.${signature}=`,
      `${value}.${signature} `,
      `${value}.${base64url}`,
      `${value}.${signature}A`,
    ],
    ...[
      `${value}.${signature.slice(0, -1)}`,
      `${value}.${signature.toLowerCase()}`,
      `${value}.${'é'.repeat(43)}`,
    ],
    // The same bits of a digest, the two that are left over set otherwise.
    `${value}.${signature.slice(0, -1)}Z`,
  ]) {
    assert.equal(signer.read(text), null, text);
  }
});

test('no change of one character of a signed text is accepted', () => {
  const signer = createCookieSigner([FIRST, OLDER]);
  fc.assert(
    fc.property(fc.string(), fc.nat(), fc.string({ minLength: 1, maxLength: 1 }), (value, at, other) => {
      const signed = signer.sign(value);
      const place = at % signed.length;
      fc.pre(signed[place] !== other);
      return signer.read(signed.slice(0, place) + other + signed.slice(place + 1)) === null;
    }),
    { seed: 21 },
  );
});

test('without a secret nothing is signed', () => {
  assert.throws(() => createCookieSigner([]), new TypeError('createCookieSigner: the secret is missing'));
});
