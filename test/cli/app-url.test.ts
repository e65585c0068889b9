import assert from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createSpaEvidence } from '../../packages/cli/src/doctor/evidence/client.ts';
import { readDoctorOptions } from '../../packages/cli/src/doctor/options.ts';
import { readApiOptions } from '../../packages/cli/src/setup/api/options.ts';
import { startSetup } from '../admin/run-setup.ts';

/** The address of the API as setup and the doctor see it. */
async function appUrls(lines: string, args: string[] = [], env: Record<string, string> = {}) {
  const file = join(mkdtempSync(join(tmpdir(), 'app-')), '.env');
  writeFileSync(file, lines);
  const all = ['--env', file, ...args];
  return [(await readApiOptions(all, env)).appUrl, (await readDoctorOptions(all, env)).appUrl];
}
const both = (url: string) => [url, url];

test('the address of the API follows from the settings that are read, for setup and the doctor alike', async () => {
  assert.deepEqual(await appUrls(''), both('http://localhost:8000'));
  assert.deepEqual(await appUrls('PORT=3000\n'), both('http://localhost:3000'));
  assert.deepEqual(await appUrls('PORT=0\n'), both('http://localhost:8000'));
  assert.deepEqual(
    await appUrls('PORT=3000\nPUBLIC_URL=https://api.example.com/\n'),
    both('https://api.example.com'),
  );
  const env = { PUBLIC_URL: 'https://other.example.com' };
  assert.deepEqual(
    await appUrls('PUBLIC_URL=https://api.example.com\n', [], env),
    both('https://other.example.com'),
  );
  const flag = ['--app', 'https://flag.example.com/'];
  assert.deepEqual(await appUrls('', flag, env), both('https://flag.example.com'));
});

test('the address of an application is written as browsers write it, and none that paths cannot stand behind is taken', async () => {
  for (const [typed, url] of [
    ['HTTPS://Shop.Example.com:443/', 'https://shop.example.com'],
    ['http://localhost:80//', 'http://localhost'],
    ['https://shop.example/base path/', 'https://shop.example/base%20path'],
    ['https://{tenant}.shop.example', 'https://%7Btenant%7D.shop.example'],
  ] as const)
    assert.deepEqual(await appUrls('', ['--app', typed]), both(url));
  const web = async (app: string) => (await readApiOptions(['--app', app], {}, { kind: 'web' })).writesAppUrl;
  // An application would send it as it stands.
  assert.equal(await web('https://{tenant}.shop.example'), false);
  assert.equal(await web('https://shop.example'), true);
  for (const bad of [
    'https://a.example/?x=1',
    'https://a.example/#x',
    'https://a.example?',
    'https://ann:pw@a.example',
    'https://*.example',
  ]) {
    const rule =
      /--app( \(PUBLIC_URL\))? must be an http or https URL without query, fragment, credentials or \*/;
    await assert.rejects(readApiOptions(['--app', bad], {}), rule, bad);
    await assert.rejects(readDoctorOptions(['--app', bad], {}), rule, bad);
  }
});

test('the doctor checks a running application where --running says, or at the address that browsers use', async () => {
  const addresses = async (...args: string[]) => {
    const { appUrl, serviceUrl } = await readDoctorOptions(['--env', '/nonexistent/.env', ...args], {});
    return [appUrl, serviceUrl];
  };
  assert.deepEqual(await addresses('--running', 'http://10.0.0.7:8000'), [
    'http://localhost:8000',
    'http://10.0.0.7:8000',
  ]);
  assert.deepEqual(await addresses('--running'), ['http://localhost:8000', 'http://localhost:8000']);
  assert.deepEqual(await addresses('--app', 'https://shop.example'), ['https://shop.example', undefined]);
});

test('sign-ins of a page come back to one address, for setup and the doctor alike', async (t) => {
  const page = 'http://localhost:5173';
  const { keycloak, setUp } = await startSetup(t, { always: ['--no-env', '--realm', 'shop'] });
  await setUp('api', '--client-id', 'orders');
  const { code, text } = await setUp('spa', 'shop-page', '--app', page, '--client-id', 'orders');
  assert.equal(code, 0, text);
  const { clients = [] } = keycloak.realms.get('shop')?.lists ?? {};
  const made = clients.find(({ clientId }) => clientId === 'shop-page');
  assert.deepEqual(made?.redirectUris, [`${page}/callback`]);
  const silent = `${page}/silent-check-sso.html`;
  for (const client of ['shop-page', 'other-page']) {
    const again = await setUp(
      'spa',
      client,
      ...['--app', page, '--client-id', 'orders', '--redirect-uri', silent],
    );
    assert.match(again.text, /In the page: .*, redirect URI http:\/\/localhost:5173\/callback\./, client);
    const uris = clients.find(({ clientId }) => clientId === client)?.redirectUris;
    assert.deepEqual(uris, [`${page}/callback`, silent], client);
  }
  const caller = { serverUrl: keycloak.url, realm: 'shop', timeoutMs: 1_000 } as never;
  const where = (origin: string) => createSpaEvidence('shop-page', origin, caller, {} as never).redirectUri;
  assert.equal(where(page), `${page}/callback`);
  assert.equal(where(`${page}/signed-in`), `${page}/signed-in`);
});
