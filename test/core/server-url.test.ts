import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createIssuer, createVerifier, OptionsError } from '../../packages/guard/src/core/index.ts';
import { isServerUrl, mendServerUrl } from '../../packages/guard/src/core/options/option-rules.ts';

const SERVERS = [
  'http://localhost:8080',
  'http://localhost:8080/',
  'https://sso.example.com/auth',
  'https://sso.example.com/auth/',
  'http://[::1]:8080',
  'HTTPS://sso.example.com',
  'https://sso.example.com/a/realms-of-ours',
];

/** What people give, and what they meant. */
const MISTAKES: readonly [string, string | undefined][] = [
  ['http://localhost:8080/realms/testing', 'http://localhost:8080'],
  ['http://localhost:8080/realms', 'http://localhost:8080'],
  ['https://sso.example.com/auth/realms/testing/', 'https://sso.example.com/auth'],
  ['https://sso.example.com//realms//testing', 'https://sso.example.com'],
  ['https://sso.example.com/realms/x/.well-known/openid-configuration', 'https://sso.example.com'],
  ['https://sso.example.com/auth/admin/master/console/#/testing', 'https://sso.example.com/auth'],
  ['https://admin:secret@sso.example.com', 'https://sso.example.com'],
  ['https://admin@sso.example.com/auth', 'https://sso.example.com/auth'],
  ['https://sso.example.com?realm=testing', 'https://sso.example.com'],
  ['https://sso.example.com/#/', 'https://sso.example.com'],
  [' https://sso.example.com', 'https://sso.example.com'],
  ['https://sso.example.com\n', 'https://sso.example.com'],
  ['localhost:8080', 'http://localhost:8080'],
  ['127.0.0.1/auth', 'http://127.0.0.1/auth'],
  ['keycloak:8080/realms/testing', 'http://keycloak:8080'],
  ['sso.example.com', 'https://sso.example.com'],
  ['http:localhost:8080', undefined],
  ['https://sso.example.com\\auth', 'https://sso.example.com/auth'],
  ['ftp://sso.example.com', undefined],
  ['https://', undefined],
  ['', undefined],
];

describe('the address of a Keycloak server', () => {
  it('is an http or https URL, with or without a path', () => {
    for (const url of SERVERS) assert.equal(isServerUrl(url), true, url);
  });

  it('is no page of a realm, has no query and no credentials, and what was meant is known', () => {
    for (const [given, meant] of MISTAKES) {
      assert.equal(isServerUrl(given), false, given);
      assert.equal(mendServerUrl(given), meant, given);
    }
    for (const none of [undefined, null, 1, {}, new URL('http://localhost')]) {
      assert.equal(isServerUrl(none), false);
      assert.equal(mendServerUrl(none), undefined);
    }
  });

  it('may be a page of the console: only looking shows where Keycloak is', () => {
    const page = 'http://localhost:8080/auth/admin/master/console/';
    assert.equal(isServerUrl(page), true);
    assert.equal(mendServerUrl(page), 'http://localhost:8080/auth');
  });

  it('is refused by the library with what was meant as the example, and never with a password', () => {
    const more = { realm: 'testing', clientId: 'my-api' };
    for (const make of [
      (serverUrl: string) => createVerifier({ serverUrl, ...more }),
      (serverUrl: string) => createIssuer({ serverUrl, realm: 'testing' }),
    ]) {
      for (const [given, meant] of MISTAKES) {
        assert.throws(
          () => make(given),
          (error) => {
            assert.ok(error instanceof OptionsError);
            assert.deepEqual(error.problems, [
              {
                option: 'serverUrl',
                rule: `${given === '' ? 'is empty, and ' : ''}must be an http or https URL without /realms/…, query, fragment or credentials`,
                example: `'${meant ?? 'https://sso.example.com'}'`,
              },
            ]);
            assert.doesNotMatch(error.message, /secret/);
            return true;
          },
        );
      }
    }
  });
});

it('an address in letters of its own is one, however often that is looked at', () => {
  const wrong = Array.from({ length: 20_000 }, () => isServerUrl('https://MÜNCHEN.example')).indexOf(false);
  assert.equal(wrong, -1);
});
