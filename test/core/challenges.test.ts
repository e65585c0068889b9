import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readChallenges } from '../../packages/guard/src/core/internal.ts';

describe('the challenges of a WWW-Authenticate header', () => {
  for (const [header, ...challenges] of [
    [''],
    ['Bearer', { scheme: 'bearer' }],
    ['Bearer error="invalid_token"', { scheme: 'bearer', error: 'invalid_token' }],
    ['Bearer error=invalid_token', { scheme: 'bearer', error: 'invalid_token' }],
    ['Bearer ERROR = "a", Error_Description="b"', { scheme: 'bearer', error: 'a', description: 'b' }],
    ['Bearer my_error="a", error_descriptions="b", errors="c"', { scheme: 'bearer' }],
    ['Bearer xerror_description="a"', { scheme: 'bearer' }],
    [String.raw`Bearer error="a\"b\\c, DPoP error=d"`, { scheme: 'bearer', error: 'a"b\\c, DPoP error=d' }],
    // The credentials of a scheme are no scheme.
    ['Negotiate YTpi==, Bearer error="a"', { scheme: 'negotiate' }, { scheme: 'bearer', error: 'a' }],
    ['Bearer, ,DPoP algs="ES256", error="a"', { scheme: 'bearer' }, { scheme: 'dpop', error: 'a' }],
    // Parameters of no scheme are nobody's.
    ['error="a", Bearer error="b"', { scheme: 'bearer', error: 'b' }],
    ['error_description="a"'],
    // What is no challenge ends the reading.
    ['Bearer error="a", "DPoP" error="b"', { scheme: 'bearer', error: 'a' }],
    ['Bearer error="a', { scheme: 'bearer' }],
  ] as const) {
    it(`are read from ${JSON.stringify(header)}`, () => {
      assert.deepEqual(readChallenges(header), challenges);
    });
  }
});
