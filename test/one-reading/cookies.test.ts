import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
// @ts-expect-error: it comes with Express, without types
import cookies from 'cookie';
import KoaCookies from 'cookies';
import fc from 'fast-check';
import { parse as honoParse } from 'hono/utils/cookie';
import {
  readCookie,
  readCookies,
  readCookiesStartingWith,
} from '../../packages/guard/src/session/cookie/cookies.ts';

const NAME = '__Host-kc';
/** The value that a parser has for the cookie, decoded; `undefined`: there is none. */
const PARSERS: Readonly<Record<string, (header: string) => string | undefined>> = {
  Express: (header) => cookies.parse(header)[NAME],
  Hono: (header) => honoParse(header)[NAME],
  Koa: (header) => {
    const value = new KoaCookies({ headers: { cookie: header } } as never, {} as never).get(NAME);
    return value === undefined ? undefined : decode(value);
  },
};

function decode(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

const blank = fc.constantFrom('', '', '', ' ', '\t', '\u00a0', '\ufeff', '\u000b', '\u2028');
const name = fc.constantFrom(
  NAME,
  NAME,
  NAME,
  NAME.toLowerCase(),
  'kc',
  `x${NAME}`,
  `${NAME}-login-1`,
  '',
  '$Path',
);
const value = fc.constantFrom('one', 'two', 'o%6ee', '%zz', '"one"', `${NAME}=two`, 'a=b', '', 'a b');
const pair = fc
  .tuple(blank, name, blank, fc.constantFrom('=', '=', '=', ''), blank, value, blank)
  .map((parts) => parts.join(''));
const header = fc
  .tuple(fc.array(pair, { minLength: 1, maxLength: 4 }), fc.constantFrom('; ', '; ', ';', ', ', ';; '))
  .map(([pairs, between]) => pairs.join(between));

describe('the cookie that the guard reads is the one that was sent', () => {
  test('frameworks read the same, or the guard reads none', () => {
    let read = 0;
    fc.assert(
      fc.property(header, (sent) => {
        const ours = readCookie(sent, NAME);
        const all = readCookies(sent, NAME);
        assert.equal(ours, all.length === 1 ? all[0] : undefined, 'a name that comes twice is none');
        if (ours === undefined || /"/.test(ours)) return;
        read++;
        for (const [parser, parse] of Object.entries(PARSERS)) {
          const theirs = parse(sent);
          // Some of them take less for a cookie, and do otherwise about blanks around a value, which ours never has.
          if (theirs !== undefined) assert.equal(theirs.trim(), decode(ours).trim(), parser);
        }
      }),
      { numRuns: 5_000, seed: 21 },
    );
    assert.ok(read > 300, `${read} were read`);
  });

  test('no name is one of ours that a browser would not hold to its prefix', () => {
    fc.assert(
      fc.property(header, (sent) => {
        // RFC 6265bis §5.6: a browser trims spaces and tabs, and nothing else.
        const names = sent.split(';').map((one) => one.split('=')[0]?.replace(/^[ \t]+|[ \t]+$/g, ''));
        for (const found of readCookiesStartingWith(sent, NAME).keys())
          assert.ok(names.includes(found), found);
      }),
      { numRuns: 5_000, seed: 21 },
    );
  });
});
