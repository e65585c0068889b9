// Turns on what loads code of its own, and uses it when no more files can be loaded: a limit of open files was reached.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { register } from 'node:module';
import { authenticate, createCredential, createVerifier } from 'keycloak-guard';
import { keycloak } from 'keycloak-guard/node';
import { createDpopClient } from '../support/dpop.ts';
import { eventually } from '../support/eventually.ts';
import { createTestKey } from '../support/signing-keys.ts';
import { createTestRealm } from '../support/test-realm.ts';
import { listen } from './listen.ts';

const isFull = new Int32Array(new SharedArrayBuffer(4));
const hooks = `let isFull;
export function initialize(data) { isFull = data; }
export function load(url, context, next) {
  if (Atomics.load(isFull, 0) === 1) throw Object.assign(new Error('EMFILE: ' + url), { code: 'EMFILE' });
  return next(url, context);
}`;
register(`data:text/javascript,${encodeURIComponent(hooks)}`, { data: isFull });

const realm = createTestRealm();
const key = createTestKey('ES256').privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
const credentials = [{ key }, { secret: 'the-secret', method: 'jwt' } as const].map((credential) =>
  createCredential({ clientId: 'my-api', credential }),
);
const client = createDpopClient();
const { serverUrl, realm: name, clientId, clock, fetch: keycloakFetch } = realm;
const options = { serverUrl, realm: name, clientId, clock, fetch: keycloakFetch, onNotice: false } as const;
const verifier = createVerifier({ ...options, dpop: 'accepted', publicUrl: 'https://api.example.com' });
const kc = keycloak(options);
const routes = [kc.protectedResource({ url: 'https://api.example.com/' }), kc.backchannelLogout()];

const USES: Readonly<Record<string, () => Promise<unknown>>> = {
  async 'assertions of a key and of a secret'() {
    const issuer = 'https://sso.example.com/realms/testing';
    const discover = async () => ({ issuer, metadata: { issuer }, isFollowingCaller: false });
    for (const one of credentials) {
      await one.authenticate({ discover }, async ({ fields }) => {
        assert.match(String(fields.client_assertion), /^[\w-]+\.[\w-]+\.[\w-]+$/);
        return { status: 200, body: '{}' };
      });
    }
  },
  async 'proofs of DPoP'() {
    const token = realm.mint({ typ: 'DPoP', cnf: { jkt: client.jkt } });
    const dpop = client.proof({ token, uri: 'https://api.example.com/', now: realm.now });
    const headers = { authorization: `DPoP ${token}`, dpop };
    await authenticate(verifier, { headers, method: 'GET', url: '/' });
  },
  async 'routes of the library'() {
    const app = createServer((request, response) => {
      const [metadata, logout] = routes;
      metadata?.(request, response, () => logout?.(request, response, () => response.end()));
    });
    const { url, close } = await listen(app, kc.close);
    try {
      const metadata = await fetch(`${url}/.well-known/oauth-protected-resource`);
      assert.equal(metadata.status, 200);
      const body = new URLSearchParams({ logout_token: realm.mint() });
      const logout = await fetch(`${url}/backchannel-logout`, { method: 'POST', body });
      assert.equal(logout.status, 400);
    } finally {
      await close();
    }
  },
  async 'a certificate whose code cannot be loaded'() {
    const credential = { certificateFile: 'client.crt', certificateKeyFile: 'client.key' };
    const other = createVerifier({ ...options, credential });
    const token = realm.mint({ iat: realm.now - 60, scope: 'profile' });
    await assert.rejects(async () => other.verify(token), {
      code: 'provider_misconfigured',
      statusCode: 500,
    });
  },
  async 'events whose code cannot be loaded'() {
    const lines: string[] = [];
    const log = { info() {}, warn() {}, error: (_: object, line: string) => void lines.push(line) };
    const other = keycloak({ ...options, log, clientSecret: 'a-secret', observers: [{ event() {} }] });
    other.events();
    const { url, close } = await listen(createServer(other.guard({}, () => {})), other.close);
    for (let refused = 0; refused < 2; refused++) assert.equal((await fetch(url)).status, 401);
    await close();
    await eventually('it is in the log', () => lines.length > 0);
    assert.deepEqual(lines, ['Security events are not reported, for their code could not be loaded']);
  },
};

// Nothing is left to do: what was turned on is there.
process.once('beforeExit', async () => {
  Atomics.store(isFull, 0, 1);
  for (const [use, act] of Object.entries(USES)) {
    await act().then(
      () => process.stdout.write(`${use}: good\n`),
      (error: unknown) => process.stdout.write(`${use}: ${(error as Error).stack}\n`),
    );
  }
  process.exit();
});
