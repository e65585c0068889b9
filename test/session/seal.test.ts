import assert from 'node:assert/strict';
import { createDecipheriv, createHash, hkdfSync } from 'node:crypto';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { CompactEncrypt, compactDecrypt } from 'jose';
import { createSealer } from '../../packages/guard/src/session/cookie/seal.ts';
import { anyText } from '../support/any-text.ts';

const SECRET = 'a secret for tests, of more than 32 characters';
const sealer = createSealer([SECRET]);

/** As documented: what the key is made of. */
const keyFor = (secret: string, context: string) =>
  new Uint8Array(hkdfSync('sha256', secret, context, 'keycloak-guard session', 32));
const keyIdOf = (secret: string) =>
  createHash('sha256').update(`key id ${secret}`).digest('base64url').slice(0, 8);

describe('what is sealed', () => {
  test('is a JWE that jose opens', async () => {
    const { plaintext, protectedHeader } = await compactDecrypt(
      sealer.seal('context', 'text of a session – ü'),
      keyFor(SECRET, 'context'),
    );
    assert.equal(new TextDecoder().decode(plaintext), 'text of a session – ü');
    assert.deepEqual(protectedHeader, { alg: 'dir', enc: 'A256GCM', kid: keyIdOf(SECRET) });
  });

  test('may have been sealed by jose: sessions of earlier versions go on', async () => {
    const sealed = await new CompactEncrypt(new TextEncoder().encode('from before'))
      .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', kid: keyIdOf(SECRET) })
      .encrypt(keyFor(SECRET, 'context'));
    assert.equal(sealer.open('context', sealed), 'from before');
  });

  test('has a key of Node’s own HKDF, whatever secret and context', () => {
    const text = fc.oneof(anyText, fc.string({ minLength: 60, maxLength: 200 }));
    fc.assert(
      fc.property(text, text, (secret, context) => {
        const [header = '', , iv = '', sealed = '', tag = ''] = createSealer([secret])
          .seal(context, 'text')
          .split('.');
        const key = keyFor(secret, context);
        const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(iv, 'base64url'))
          .setAAD(Buffer.from(header))
          .setAuthTag(Buffer.from(tag, 'base64url'));
        assert.equal(decipher.update(sealed, 'base64url', 'utf8') + decipher.final('utf8'), 'text');
      }),
      { seed: 21 },
    );
  });

  test('comes back whole, whatever the text', () => {
    fc.assert(
      fc.property(fc.string(), fc.string({ unit: 'grapheme' }), (context, text) => {
        assert.equal(sealer.open(context, sealer.seal(context, text)), text);
      }),
      { seed: 21 },
    );
  });

  test('opens for its own context alone, and with a secret that is on the list', () => {
    const sealed = sealer.seal('one', 'text');
    assert.equal(sealer.open('two', sealed), null);
    assert.equal(createSealer(['another secret']).open('one', sealed), null);
    assert.equal(createSealer(['another secret', SECRET]).open('one', sealed), 'text');
  });

  test('differs each time, and tells nothing of how often the same was sealed', () => {
    const all = Array.from({ length: 100 }, () => sealer.seal('context', 'text'));
    assert.equal(new Set(all).size, 100);
  });

  test('is refused with any character changed, left out or added', () => {
    const sealed = sealer.seal('context', 'text');
    for (let i = 0; i < sealed.length; i++) {
      const other = sealed[i] === 'A' ? 'Q' : 'A';
      assert.equal(sealer.open('context', `${sealed.slice(0, i)}${other}${sealed.slice(i + 1)}`), null);
      assert.equal(sealer.open('context', `${sealed.slice(0, i)}${sealed.slice(i + 1)}`), null);
    }
    for (const odd of [
      '',
      '.',
      '....',
      sealed.slice(0, -1),
      `${sealed}.`,
      `${sealed}.x`,
      sealed.replace('..', '.x.'),
    ]) {
      assert.equal(sealer.open('context', odd), null, odd);
    }
  });

  test('is refused with a tag that was cut: a short one can be guessed', () => {
    const parts = sealer.seal('context', 'text').split('.');
    for (const bytes of [4, 8, 12, 15]) {
      const tag = Buffer.from(parts[4] as string, 'base64url')
        .subarray(0, bytes)
        .toString('base64url');
      assert.equal(sealer.open('context', [...parts.slice(0, 4), tag].join('.')), null);
    }
  });
});
