// Every program of docs/frameworks/ is started, and called as its page says. Their types: program-types.test.ts.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { io } from 'socket.io-client';
import { WebSocket } from 'ws';
import type { DevIdp } from '../../packages/testing/src/index.ts';
import { codeBlocks } from '../../tools/docs/documents.ts';
import { prepare } from '../../tools/run/typescript.mjs';
import { ROOT } from '../repo/source-imports.ts';
import { startTestIdp } from '../support/dev-idp.ts';
import { freePort } from '../support/free-port.ts';
import { openSocketBrowser } from '../support/socket-browser.ts';
import { startProgram } from './start-program.ts';

const FOLDER = join(ROOT, `node_modules/.cache/frameworks-${process.pid}`);
/** Their programs run elsewhere than on a server of Node's, or have tests of their own. */
const OTHERS = ['fetch.md', 'hono.md', 'nest.md', 'next.md'];
const PAGES = readdirSync(join(ROOT, 'docs/frameworks')).filter((page) => !OTHERS.includes(page));
const programs = PAGES.flatMap((page) =>
  codeBlocks(`docs/frameworks/${page}`)
    .filter(({ language, info }) => language === 'ts' && info !== '' && !info.endsWith('.mts'))
    .map(({ info, text }) => ({ page, info, text, file: join(FOLDER, `${page}-${info}.mts`) })),
);

/** Of all programs, of which several run at a time. */
const redirectUris: string[] = [];
/** They run in one process: each loads what the others of its framework do, which takes longer than all that is asked of it. */
const urls = new Map<(typeof programs)[number], string>();
let end: (() => Promise<void>) | undefined;
let idp: DevIdp;
before(async () => {
  // Inherited by the programs.
  process.env.SESSION_SECRET = 'b7f3c1d95e0a4826b7f3c1d95e0a4826';
  idp = await startTestIdp();
  mkdirSync(FOLDER, { recursive: true });
  for (const program of programs) {
    const { file, text } = program;
    const port = await freePort();
    assert.match(text, /'http:\/\/localhost:8080'/);
    assert.match(text, /(?:listen\(3000|(?:listen|server)\({ port: 3000 })\)/);
    const here = text
      .replace("'http://localhost:8080'", `'${idp.url}'`)
      .replace('listen(3000)', `listen(${port})`)
      .replace('port: 3000', `port: ${port}`);
    writeFileSync(file, here);
    await prepare(file);
    urls.set(program, `http://127.0.0.1:${port}`);
  }
  const together = join(FOLDER, 'together.mts');
  writeFileSync(together, programs.map(({ file }) => `import '${pathToFileURL(file)}';\n`).join(''));
  end = await startProgram(together, [...urls.values()]);
});
after(async () => {
  await end?.();
  await idp.close();
  rmSync(FOLDER, { recursive: true, force: true });
});

const bearer = async () => ({ authorization: `Bearer ${await idp.issueToken({ username: 'abdullah' })}` });

const EXPECTED: Record<string, (url: string) => Promise<void>> = {
  async server(url) {
    const refused = await fetch(`${url}/me`);
    assert.equal(await refused.text(), '{"detail":"Not authenticated"}');
    assert.deepEqual([refused.status, refused.headers.get('www-authenticate')], [401, 'Bearer']);
    const allowed = await fetch(`${url}/me`, { headers: await bearer() });
    assert.deepEqual([allowed.status, await allowed.json()], [200, { hello: 'abdullah' }]);
  },
  async login(url) {
    redirectUris.push(`${url}/*`);
    idp.updateClient('fastapi-keycloak', { redirectUris });
    const { response } = await openSocketBrowser({ url }).open(`${url}/me`);
    assert.deepEqual(await response.json(), { hello: 'abdullah', canCall: true });
    assert.equal((await fetch(`${url}/me`)).status, 401);
  },
  async cors(url) {
    const origin = 'https://app.example.com';
    const headers = { origin, 'access-control-request-method': 'GET' };
    const preflight = await fetch(`${url}/me`, { method: 'OPTIONS', headers });
    assert.equal(preflight.headers.get('access-control-allow-origin'), origin);
    const refused = await fetch(`${url}/me`, { headers: { origin } });
    assert.deepEqual([refused.status, refused.headers.get('access-control-allow-origin')], [401, origin]);
  },
  async permit(url) {
    const refused = await fetch(`${url}/me`);
    assert.deepEqual([refused.status, await refused.text()], [401, '{"detail":"Not authenticated"}']);
    // The client has no authorization services: nothing is granted, and the answer does not say why.
    const allowed = await fetch(`${url}/me`, { headers: await bearer() });
    assert.ok([500, 503].includes(allowed.status), String(allowed.status));
  },
  async ws(url) {
    const socket = new WebSocket(url.replace('http', 'ws'), { headers: await bearer() });
    assert.equal(String((await once(socket, 'message'))[0]), 'hello abdullah');
    socket.send((await bearer()).authorization);
    assert.equal(String((await once(socket, 'message'))[0]), 'renewed');
    socket.close();
  },
  async 'socket-io'(url) {
    const token = await idp.issueToken({ username: 'abdullah' });
    const socket = io(url, { auth: { token } });
    const hello = await new Promise((resolve) => socket.once('hello', resolve));
    assert.equal(hello, 'abdullah');
    assert.deepEqual(await socket.emitWithAck('auth', { token }), { ok: true });
    socket.close();
  },
  async events(url) {
    const answer = await fetch(url, { headers: await bearer() });
    const { value } = (await answer.body?.getReader().read()) ?? {};
    assert.equal(new TextDecoder().decode(value), 'data: hello abdullah\n\n');
  },
};

describe('docs/frameworks/', { concurrency: 3 }, () => {
  test('has a page for each, with the programs that are looked at here', () => {
    assert.deepEqual([...new Set(programs.map(({ page }) => page))], PAGES);
    assert.deepEqual([...new Set(programs.map(({ info }) => info))].sort(), Object.keys(EXPECTED).sort());
  });

  for (const program of programs) {
    test(`${program.page}: "${program.info}" does what the page says`, async () => {
      await EXPECTED[program.info]?.(urls.get(program) as string);
    });
  }
});
