import assert from 'node:assert/strict';
import { describe, it, mock } from 'node:test';
import { createVerifier } from '../../packages/guard/src/core/index.ts';
import { createNoticeLines } from '../../packages/guard/src/core/internal.ts';
import { createTestRealm } from '../support/test-realm.ts';

function listen() {
  const lines: string[] = [];
  const tell = createNoticeLines('Keycloak', (line) => lines.push(line));
  const told = () => lines.splice(0);
  return { tell, told };
}
const down = { level: 'error', code: 'keys_unavailable', message: 'no answer: ECONNREFUSED' } as const;
const recheck = { level: 'error', code: 'provider_unavailable', message: 'timed out' } as const;
const loaded = { level: 'info', code: 'keys_loaded', message: 'signing keys loaded: 2' } as const;
const back = { level: 'info', code: 'provider_back', message: 'Keycloak answers again' } as const;

describe('a verifier that nobody listens to', () => {
  it('is silent while all is well', () => {
    const { tell, told } = listen();
    tell(loaded);
    tell(back);
    assert.deepEqual(told(), []);
  });

  it('writes a problem once, and remembers no more than a thousand of them', () => {
    const { tell, told } = listen();
    const changed = (name: string) => tell({ level: 'warn', code: 'realm_changed', message: name });
    for (let i = 0; i < 999; i++) changed(`key ${i}`);
    changed('key 0');
    assert.equal(told().length, 999);
    changed('one more');
    changed('another');
    changed('key 0');
    assert.equal(told().length, 3);
  });

  it('says an outage in one line, however many notices come of it, and its end in one', () => {
    const { tell, told } = listen();
    tell(down);
    tell(recheck);
    tell({ ...down, message: 'timed out' });
    assert.deepEqual(told(), ['keycloak-guard: Keycloak: no answer: ECONNREFUSED (keys_unavailable)\n']);
    tell(back);
    tell(loaded);
    assert.deepEqual(told(), ['keycloak-guard: Keycloak: Keycloak answers again (provider_back)\n']);
    tell(recheck);
    tell(loaded);
    assert.deepEqual(told(), [
      'keycloak-guard: Keycloak: timed out (provider_unavailable)\n',
      'keycloak-guard: Keycloak: signing keys loaded: 2 (keys_loaded)\n',
    ]);
  });

  it('says each time that Redis refuses writes, and its end', () => {
    const { tell, told } = listen();
    for (let round = 0; round < 2; round++) {
      tell({ level: 'warn', code: 'redis_refused', message: 'its memory is full', fix: 'Raise maxmemory' });
      tell({ level: 'info', code: 'redis_back', message: 'Redis takes writes again' });
      assert.deepEqual(told(), [
        'keycloak-guard: Keycloak: its memory is full. Raise maxmemory (redis_refused)\n',
        'keycloak-guard: Keycloak: Redis takes writes again (redis_back)\n',
      ]);
    }
  });

  it('says with the fix that an outage is a mistake in the settings, once', () => {
    const { tell, told } = listen();
    tell(down);
    told();
    const wrong = {
      level: 'error',
      code: 'keys_misconfigured',
      message: 'answered 404',
      fix: 'Check the realm',
    } as const;
    tell(wrong);
    tell({ ...wrong, message: 'answered 404 again' });
    assert.deepEqual(told(), [
      'keycloak-guard: Keycloak: answered 404. Check the realm (keys_misconfigured)\n',
    ]);
  });

  it('says what is no outage too, each once, and not that it is over', () => {
    const { tell, told } = listen();
    const ignored = { level: 'warn', code: 'key_ignored', message: 'a key for RS256 is not usable' } as const;
    tell(ignored);
    tell(ignored);
    tell({ ...ignored, message: 'a key for ES256 is not usable' });
    tell(loaded);
    assert.deepEqual(told(), [
      'keycloak-guard: Keycloak: a key for RS256 is not usable (key_ignored)\n',
      'keycloak-guard: Keycloak: a key for ES256 is not usable (key_ignored)\n',
    ]);
  });

  it('gives a terminal nothing to obey', () => {
    const { tell, told } = listen();
    tell({ ...down, message: 'a\u001b[2J\nb\u009bc\u202ed\u2028e' });
    assert.deepEqual(told(), ['keycloak-guard: Keycloak: a [2J b c d e (keys_unavailable)\n']);
  });
});

const { serverUrl, realm, clientId, fetch: answering } = createTestRealm();
const refusing = () => Promise.reject(new TypeError('fetch failed', { cause: { code: 'ECONNREFUSED' } }));

async function loadAndRead(options: object): Promise<string[]> {
  const write = mock.method(process.stderr, 'write', () => true);
  try {
    const verifier = createVerifier({ serverUrl, realm, clientId, fetch: refusing, ...options });
    await verifier.load();
    await verifier.close();
    return write.mock.calls.map(({ arguments: [text] }) => String(text));
  } finally {
    write.mock.restore();
  }
}

describe('a verifier whose Keycloak does not answer', () => {
  it('says so on the standard error output', async () => {
    assert.deepEqual(await loadAndRead({}), [
      `keycloak-guard: ${serverUrl}, realm ${realm}: ${serverUrl}/realms/${realm}/.well-known/openid-configuration gave no answer: ECONNREFUSED. Nothing listens there: check host and port of the server URL. In a container, localhost is the container itself (keys_unavailable)\n`,
    ]);
    assert.deepEqual(await loadAndRead({ fetch: answering }), []);
  });

  it('says what to do where it is a mistake in the options', async () => {
    for (const [status, fix] of [
      [404, /answered 404\. Check the name of the realm, in its exact case, and the path of the server URL/],
      [403, /answered 403\. Keycloak asks nobody for credentials here/],
      [400, /answered 400\. Check the server URL/],
    ] as const) {
      const lines = await loadAndRead({ fetch: async () => new Response('{}', { status }) });
      assert.equal(lines.length, 1);
      assert.match(lines[0] as string, fix);
    }
  });

  it('is silent with onNotice: false, and tells a listener alone', async () => {
    assert.deepEqual(await loadAndRead({ onNotice: false }), []);
    const told: string[] = [];
    const lines = await loadAndRead({ onNotice: ({ code }: { code: string }) => told.push(code) });
    assert.deepEqual([lines, told], [[], ['keys_unavailable']]);
  });
});
