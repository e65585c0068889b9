import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  type DevProviderOptions,
  isPort,
  readDevRealm,
  startDevProvider,
  TESTING_REALM,
} from '../../packages/cli/src/dev/dev-provider.ts';
import { freePort } from '../support/free-port.ts';
import { emptyFolder } from './support/program.ts';

/** The provider, with a cache of its own. */
async function start(t: TestContext, options: Partial<DevProviderOptions>) {
  const { XDG_CACHE_HOME } = process.env;
  const cache = emptyFolder();
  process.env.XDG_CACHE_HOME = cache;
  try {
    const idp = await startDevProvider({ realmFile: TESTING_REALM, port: 0, ...options });
    t.after(() => idp.close());
    const states = () => readdirSync(join(cache, 'keycloak-guard/dev-idp'));
    return { idp, states, port: Number(new URL(idp.url).port) };
  } finally {
    if (XDG_CACHE_HOME === undefined) delete process.env.XDG_CACHE_HOME;
    else process.env.XDG_CACHE_HOME = XDG_CACHE_HOME;
  }
}

/** A port that is taken, and a free one behind it. */
async function takePort(t: TestContext): Promise<number> {
  for (;;) {
    const port = await freePort();
    const [taken, next] = [createServer(), createServer()];
    const listen = (server: typeof taken, at: number) =>
      new Promise<boolean>((resolve) => {
        server.once('error', () => resolve(false)).listen(at, 'localhost', () => resolve(true));
      });
    if (!(await listen(taken, port))) continue;
    t.after(() => taken.close());
    const isFree = await listen(next, port + 1);
    await new Promise((resolve) => next.close(resolve));
    if (isFree) return port;
  }
}

test('a port is a number from 0 to 65535', () => {
  for (const good of ['0', '1', '8080', '65535']) assert.equal(isPort(good), true, good);
  for (const wrong of ['', '-1', '65536', '100000', '80a', '8 0', '1e3', '0x50'])
    assert.equal(isPort(wrong), false, wrong);
});

test('the provider takes the next port where the first is taken, unless it was named', async (t) => {
  const port = await takePort(t);
  await assert.rejects(start(t, { port, exact: true }), {
    message: `port ${port} is taken: choose another one with --port`,
  });
  const next = await start(t, { port });
  assert.ok(next.port > port && next.port <= port + 100, `${next.port}`);
  assert.equal(next.idp.issuer, `http://localhost:${next.port}/realms/testing`);
  assert.match(next.states().join(), new RegExp(`^[0-9a-f]{12}-${next.port}\\.json$`));
  assert.equal((await fetch(next.idp.issuer)).status, 200);
});

test('the port of the API is left to it, and its addresses in the realm follow', async (t) => {
  const apiPort = await takePort(t);
  const { idp, port } = await start(t, { port: apiPort, apiPort });
  assert.notEqual(port, apiPort);
  const statusOf = async (at: number) => {
    const query = new URLSearchParams({
      ...{ client_id: 'fastapi-keycloak', response_type: 'code', scope: 'openid' },
      redirect_uri: `http://localhost:${at}/auth/callback`,
    });
    return (await fetch(`${idp.issuer}/protocol/openid-connect/auth?${query}`, { redirect: 'manual' }))
      .status;
  };
  assert.deepEqual([await statusOf(apiPort), await statusOf(8_000)], [200, 400]);
});

test('what is wrong with a realm file is an error of it, and no taken port', async (t) => {
  const file = join(emptyFolder(), 'realm.json');
  await assert.rejects(start(t, { realmFile: file }), /realm\.json/);
  writeFileSync(file, '{');
  await assert.rejects(start(t, { realmFile: file, apiPort: 8_001 }), SyntaxError);
});

test('of a realm file, the client, the caller and the user that were named are taken, else the first that serve', async () => {
  const file = join(emptyFolder(), 'realm.json');
  const write = (realm: object) => writeFileSync(file, JSON.stringify({ realm: 'shop', ...realm }));
  const password = (value: string) => [{ type: 'password', value }];
  write({
    clients: [
      { clientId: 'page', publicClient: true, secret: 'unused' },
      { clientId: 'api', secret: 's1' },
      { clientId: 'other', secret: 's2' },
      { clientId: 'dev', publicClient: true, directAccessGrantsEnabled: true },
      { clientId: 'shell', secret: 's3', directAccessGrantsEnabled: true },
    ],
    users: [
      { username: 'nobody' },
      { username: 'ldap', credentials: [{ type: 'otp', value: 'x' }] },
      { username: 'anna', credentials: password('p1') },
      { username: 'bert', credentials: password('p2') },
    ],
  });
  const dev = await readDevRealm(file);
  assert.equal(dev.hasCaller, true);
  assert.deepEqual(dev.client('other'), { clientId: 'other', clientSecret: 's2' });
  assert.deepEqual(dev.client('page'), { clientId: 'page' });
  for (const name of [undefined, 'unknown'])
    assert.deepEqual(dev.client(name), { clientId: 'api', clientSecret: 's1' });
  assert.deepEqual(dev.caller('shell'), { clientId: 'shell', clientSecret: 's3' });
  for (const name of [undefined, 'api']) assert.deepEqual(dev.caller(name), { clientId: 'dev' });
  assert.deepEqual(dev.user('bert'), { username: 'bert', password: 'p2' });
  for (const name of [undefined, '']) assert.deepEqual(dev.user(name), { username: 'anna', password: 'p1' });
  for (const name of ['nobody', 'ldap', 'carla'])
    assert.throws(() => dev.user(name), {
      message: `${file} has no user ${name} with a password in the file`,
    });

  write({ clients: [{ clientId: 'page', publicClient: true }] });
  const bare = await readDevRealm(file);
  assert.equal(bare.hasCaller, false);
  assert.throws(() => bare.client(undefined), /has no client with a secret: say in KEYCLOAK_CLIENT_ID/);
  assert.throws(() => bare.caller('page'), /has no client with "directAccessGrantsEnabled": true/);
  assert.throws(() => bare.user(undefined), { message: `${file} has no user with a password in the file` });
});
