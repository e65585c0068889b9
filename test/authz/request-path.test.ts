import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { createPathTree, isPattern } from '../../packages/connect/src/enforcer/paths.ts';
import { readingsOf } from '../../packages/guard/src/core/http/request.ts';
import { assertRefused } from '../support/refusal.ts';
import { DECIDED_PATHS, PATH_TRICKS } from './path-tricks.ts';

describe('the path of a request', () => {
  const READ_AS_THEY_ARE = new Set(['/admin...']);

  it('is refused in every form that could be read as another, more than a hundred of them', async () => {
    assert.ok(new Set(PATH_TRICKS).size > 100);
    for (const trick of PATH_TRICKS) {
      if (READ_AS_THEY_ARE.has(trick)) continue;
      const error = await assertRefused(() => readingsOf(trick), 'path_ambiguous');
      assert.deepEqual([error.statusCode, error.message, error.headers], [400, 'Bad Request', {}], trick);
    }
  });

  it('has a reading for each rightful way: decoded or not, with or without a slash at its end', () => {
    assert.deepEqual(readingsOf('/'), ['/']);
    assert.deepEqual(readingsOf('/orders/7?x=/../y'), ['/orders/7']);
    assert.deepEqual(readingsOf('/orders/'), ['/orders/', '/orders']);
    assert.deepEqual(readingsOf('/a%20b/'), ['/a%20b/', '/a b/', '/a%20b', '/a b']);
    assert.deepEqual(readingsOf("/~a.b-c_d!$&'()*+,=:@[x]|"), ["/~a.b-c_d!$&'()*+,=:@[x]|"]);
    for (const path of DECIDED_PATHS) assert.ok(readingsOf(path).length > 0, path);
    // A letter and its accent; dots that are no step.
    assert.deepEqual(readingsOf('/e%CC%81'), ['/e%CC%81', '/e\u0301']);
    assert.deepEqual(readingsOf('/.well-known/a...'), ['/.well-known/a...']);
  });

  it('ends somewhere, and is a text', async () => {
    const longest = `/${'a'.repeat(8191)}`;
    assert.deepEqual(readingsOf(longest), [longest]);
    for (const [target, seen] of [
      [`${longest}a`, `${longest.slice(0, 300)}…`],
      ['', ''],
      [undefined, 'undefined'],
    ]) {
      const error = await assertRefused(() => readingsOf(target as string), 'path_ambiguous');
      assert.deepEqual([error.expected, error.seen], ['a path in its normal form (RFC 3986 §6.2.2)', seen]);
    }
  });

  it('that is generated is refused, or is one path for everybody who decodes and resolves it', () => {
    const piece = fc.constantFrom(
      ...[
        '/',
        '//',
        '.',
        '..',
        '%2e',
        '%2E',
        '%2f',
        '%5c',
        '\\',
        ';',
        '%3b',
        '%25',
        '%00',
        '%c0%ae',
        '%61',
        'a',
        'admin',
        'Z',
      ],
      ...[
        '%20',
        '%C3%A9',
        '%ef%bc%8f',
        '?',
        '#',
        ' ',
        ':',
        '@',
        '%',
        '%2',
        '*',
        '{',
        '}',
        '~',
        '\u00e9',
        '%EF%BC%8E',
        '%7e',
        '=',
        ',',
      ],
    );
    let read = 0;
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        const target = `/${pieces.join('')}`;
        let readings: readonly string[];
        try {
          readings = readingsOf(target);
        } catch {
          return;
        }
        read++;
        const path = target.split('?')[0] as string;
        const standard = new URL(target, 'http://localhost').pathname;
        assert.equal(standard, path, 'the URL standard leaves it as it is');
        const once = decodeURIComponent(path);
        assert.ok(readings.includes(once) && readings.includes(path));
        assert.equal(decodeURIComponent(once), once, 'decoding twice changes nothing');
        assert.equal(once.split('/').length, path.split('/').length, 'decoding makes no segments');
        assert.ok(once.split('/').every((segment) => !/^\.+$|[\\;?#]/.test(segment)));
      }),
      { numRuns: 20_000, seed: 21 },
    );
    assert.ok(read > 500);
  });
});

describe('path patterns', () => {
  const patterns = [
    '/',
    '/orders',
    '/orders/*',
    '/orders/{id}',
    '/orders/{id}/lines',
    '/orders/new',
    '/{any}/lines',
    '/files/*.html',
    '/*',
  ];
  const tree = createPathTree(
    patterns.map((one) => [one, one] as const),
    false,
  );

  for (const [path, best] of Object.entries({
    '/': '/',
    '/orders': '/orders',
    '/orders/': '/orders/*',
    '/orders/7': '/orders/{id}',
    '/orders/new': '/orders/new',
    '/orders/7/lines': '/orders/{id}/lines',
    '/orders/7/lines/1': '/orders/*',
    '/other/lines': '/{any}/lines',
    '/files/a/b.html': '/*',
    '/ordersX': '/*',
    '/Orders': '/*',
    '/constructor': '/*',
    '/__proto__/lines': '/{any}/lines',
  })) {
    it(`${path} is decided by ${best}`, () => assert.deepEqual(tree.find(path), [best]));
  }

  it('without regard to capitals, where that is wanted', () => {
    const blind = createPathTree(
      [
        ['/Orders/{Id}', 1],
        ['/*.HTML', 2],
      ] as const,
      true,
    );
    assert.deepEqual(blind.find('/oRDERS/X'), [1]);
    assert.deepEqual(blind.find('/a/b.Html'), [2]);
    assert.deepEqual(blind.find('/orders'), []);
  });

  it('that are the same all count', () => {
    const twice = createPathTree(
      [
        ['/a/{x}', 1],
        ['/a/{y}', 2],
        ['/a/*', 3],
      ] as const,
      false,
    );
    assert.deepEqual(twice.find('/a/b'), [1, 2]);
  });

  it('that cannot be read are told', () => {
    for (const good of ['/', '/a', '/a/{b}/c', '/a/*', '/*', '/*.html', '/a/*.x', '/a/{b}/*']) {
      assert.equal(isPattern(good), true, good);
    }
    for (const bad of [
      '',
      'a',
      '/a*',
      '/a/*/b',
      '/a/{b',
      '/a/x{b}',
      '/a//b',
      '/a?b',
      '/a/../b',
      '/{}',
      'http://x/a',
      '/**',
      7,
      '/*.a/b',
    ]) {
      assert.equal(isPattern(bad), false, String(bad));
    }
  });
});
