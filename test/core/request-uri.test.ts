import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { authenticate, type RequestLike, type VerifierOptions } from '../../packages/guard/src/core/index.ts';
import { createRequestGuard, type RequestGuardHost } from '../../packages/guard/src/core/internal.ts';
import { createDpopClient } from '../support/dpop.ts';
import { refusalOf } from '../support/refusal.ts';
import { createTestRealm } from '../support/test-realm.ts';

const realm = createTestRealm();
const client = createDpopClient();
const token = realm.mint({ typ: 'DPoP', cnf: { jkt: client.jkt } });

async function answerOf(
  uri: string,
  request: Partial<RequestLike>,
  options: Partial<VerifierOptions> = {},
  host?: Partial<RequestGuardHost<RequestLike, null>>,
): Promise<string> {
  const verifier = realm.verifier({ dpop: 'accepted', ...options });
  const dpop = client.proof({ token, uri, now: realm.now });
  const { headers, ...rest } = request;
  const whole = { method: 'GET', ...rest, headers: { ...headers, authorization: `DPoP ${token}`, dpop } };
  const decide = () =>
    host === undefined
      ? authenticate(verifier, whole)
      : createRequestGuard<RequestLike, null>(verifier, {}, { toRequest: (one) => one, ...host }).decide(
          whole,
          null,
        );
  try {
    return (await decide())?.username as string;
  } catch {
    return (await refusalOf(decide)).reason;
  }
}

const PUBLIC = { publicUrl: 'https://api.example.com' };
const IN = 'abdullah';
const OTHER = 'The DPoP proof is not valid: it is for another URI';
const UNKNOWN = 'The DPoP proof is not valid: nobody knows the URI of the request';

describe('the URI that a proof has to be for', () => {
  const cases: readonly [
    what: string,
    htu: string,
    Partial<RequestLike>,
    string,
    Partial<VerifierOptions>?,
  ][] = [
    [
      'is the public one',
      'https://api.example.com/a',
      { url: '/a', headers: { host: 'internal:3000' } },
      IN,
      PUBLIC,
    ],
    [
      'is not the one inside',
      'http://internal:3000/a',
      { url: '/a', headers: { host: 'internal:3000' } },
      OTHER,
      PUBLIC,
    ],
    [
      'has the path in front that a proxy takes away',
      'https://api.example.com/v1/a',
      { url: '/a' },
      IN,
      { publicUrl: 'https://api.example.com/v1/' },
    ],
    [
      'is not without that path',
      'https://api.example.com/a',
      { url: '/a' },
      OTHER,
      { publicUrl: 'https://api.example.com/v1' },
    ],
    [
      'is none where the target names another host than the header',
      'http://internal/a',
      { url: 'http://internal/a', headers: { host: 'other' } },
      UNKNOWN,
    ],
    [
      'is known where both name the same',
      'http://internal/a',
      { url: 'http://internal/a', headers: { host: 'internal' } },
      IN,
    ],
    [
      'is none where the URL has no host: a parser takes the first part of its path for one',
      'https://api.example.com/x/a',
      { url: 'http:///x/a' },
      UNKNOWN,
      PUBLIC,
    ],
    [
      'has the name of the host in its own letters',
      'https://xn--mnchen-3ya.example/a',
      { url: '/a' },
      IN,
      { publicUrl: 'https://MÜNCHEN.example' },
    ],
    ['ends before the query', 'https://api.example.com/a', { url: '/a?b=c' }, IN, PUBLIC],
    ['ends before the fragment', 'https://api.example.com/a', { url: '/a#b' }, IN, PUBLIC],
    [
      'may have a query of its own, which says nothing',
      'https://api.example.com/a?x#y',
      { url: '/a?b=c' },
      IN,
      PUBLIC,
    ],
    [
      'may be written in capitals where that is the same',
      'HTTPS://API.example.COM/a',
      { url: '/a' },
      IN,
      PUBLIC,
    ],
    ['may name the port that is meant anyway', 'https://api.example.com:443/a', { url: '/a' }, IN, PUBLIC],
    [
      'may encode letters that need not be',
      'https://api.example.com/%61%2Db/%7e',
      { url: '/a-b/~' },
      IN,
      PUBLIC,
    ],
    ['may be asked for with such letters', 'https://api.example.com/a-b', { url: '/%61%2db' }, IN, PUBLIC],
    ['may encode in small letters', 'https://api.example.com/a%2fb', { url: '/a%2Fb' }, IN, PUBLIC],
    ['keeps what has to be encoded', 'https://api.example.com/a/b', { url: '/a%2Fb' }, OTHER, PUBLIC],
    ['may have steps back', 'https://api.example.com/b/../a', { url: '/a' }, IN, PUBLIC],
    // A router that takes paths as they stand there leads it to another route than to the one that was signed for.
    ['is not for a request with steps back', 'https://api.example.com/a', { url: '/b/../a' }, OTHER, PUBLIC],
    ['is not for one that encodes them', 'https://api.example.com/a', { url: '/b/%2E%2e/a' }, OTHER, PUBLIC],
    ['is not for one with a step at its end', 'https://api.example.com/a/', { url: '/a/.' }, OTHER, PUBLIC],
    ['may have the same steps', 'https://api.example.com/b/../a', { url: '/b/../a' }, IN, PUBLIC],
    ['may have dots in a name', 'https://api.example.com/%61/..b', { url: '/a/..b' }, IN, PUBLIC],
    ['has no path where there is none', 'https://api.example.com', { url: '/' }, IN, PUBLIC],
    ['keeps two slashes', 'https://api.example.com//a', { url: '//a' }, IN, PUBLIC],
    ['is not one slash for two', 'https://api.example.com/a', { url: '//a' }, OTHER, PUBLIC],
    ['has a path where the request is for all', 'https://api.example.com/*', { url: '*' }, UNKNOWN, PUBLIC],
    ['is known where the request has one', 'https://api.example.com/a', {}, UNKNOWN, PUBLIC],
    [
      'is what Express keeps',
      'https://api.example.com/v1/a',
      { url: '/a', originalUrl: '/v1/a' },
      IN,
      PUBLIC,
    ],
    [
      'is taken of a request to a proxy',
      'https://api.example.com/a',
      { url: 'http://elsewhere/a?b' },
      IN,
      PUBLIC,
    ],
    [
      'is by default what a request of Fetch says',
      'http://localhost:8000/a',
      { url: 'http://localhost:8000/a?b' },
      IN,
    ],
    [
      'is by default by the Host header',
      'http://localhost:8000/a',
      { url: '/a', headers: { host: 'localhost:8000' } },
      IN,
    ],
    [
      'is by default https where the connection is',
      'https://api.example.com/a',
      { url: '/a', headers: { host: 'api.example.com' }, socket: { encrypted: true } },
      IN,
    ],
    [
      'is by default not https where it is not',
      'https://api.example.com/a',
      { url: '/a', headers: { host: 'api.example.com' }, socket: {} },
      OTHER,
    ],
    [
      'is by default by the authority of HTTP/2',
      'https://api.example.com/a',
      { url: '/a', headers: { ':authority': 'api.example.com' }, socket: { encrypted: true } },
      IN,
    ],
    [
      'is by default by an address',
      'http://[::1]:8000/a',
      { url: '/a', headers: { host: '[::1]:8000' } },
      IN,
    ],
    ['is not known without a Host header', 'http://localhost/a', { url: '/a' }, UNKNOWN],
    [
      'is not known by two Host headers',
      'http://localhost/a',
      { url: '/a', headers: { host: ['localhost', 'localhost'] } },
      UNKNOWN,
    ],
    [
      'is not known by the first of two',
      'http://localhost/a',
      { url: '/a', headers: { host: 'localhost' }, rawHeaders: ['Host', 'localhost', 'host', 'other'] },
      UNKNOWN,
    ],
    [
      'is not known by two that a gateway joined',
      'http://localhost/a',
      { url: 'http://localhost/a', headers: { host: 'localhost, other' } },
      UNKNOWN,
    ],
    [
      'is not known where Host and authority differ',
      'http://localhost/a',
      { url: '/a', headers: { host: 'localhost', ':authority': 'other' } },
      UNKNOWN,
    ],
    [
      'is known where they are the same',
      'http://localhost/a',
      { url: '/a', headers: { host: 'localhost', ':authority': 'localhost' } },
      IN,
    ],
    [
      'is not moved into the query by a Host header',
      'http://api/orders',
      { url: '/admin', headers: { host: 'api/orders?' } },
      UNKNOWN,
    ],
    [
      'is not moved into the fragment',
      'http://api/orders',
      { url: '/admin', headers: { host: 'api/orders#' } },
      UNKNOWN,
    ],
    [
      'is not made longer by a Host header',
      'http://api/v1/a',
      { url: '/a', headers: { host: 'api/v1' } },
      UNKNOWN,
    ],
    [
      'is not behind a name in the Host header',
      'http://api/a',
      { url: '/a', headers: { host: 'me@api' } },
      UNKNOWN,
    ],
  ];
  for (const [what, htu, request, expected, options] of cases) {
    it(what, async () => assert.equal(await answerOf(htu, request, options), expected));
  }

  it('is by what the adapter trusts, where there is no public URL', async () => {
    const request = { url: '/a', headers: { host: 'internal' } };
    const host = { originOf: () => 'https://api.example.com' };
    assert.equal(await answerOf('https://api.example.com/a', request, {}, host), IN);
    assert.equal(await answerOf('http://internal/a', request, {}, host), OTHER);
    assert.equal(await answerOf('http://internal/a', request, {}, { originOf: () => undefined }), IN);
    assert.equal(
      await answerOf('https://x/orders', request, {}, { originOf: () => 'https://x/orders?' }),
      UNKNOWN,
    );
  });
});
