import assert from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readDoctorOptions } from '../../packages/cli/src/doctor/options.ts';
import { readApiOptions } from '../../packages/cli/src/setup/api/options.ts';

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
