// Things that a framework, a browser and a cache put between a guard and people: see look().
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Browser, BrowserContext } from 'playwright-core';

/** A running application behind a shared cache. */
export interface Stage {
  readonly name: string;
  /** The application's public address, which is the cache's. */
  readonly url: string;
  /** Its folder: what was built and written there is searched for secrets. */
  readonly folder: string;
  /** Pages and routes that say who is signed in. */
  readonly paths: readonly string[];
  readonly secrets: readonly string[];
}

const PATIENCE_MS = 60_000;

/** A shared cache in front of an application: nginx, which keeps for a minute whatever does not say otherwise. */
export async function startCache(folder: string, port: number, target: number) {
  const home = join(folder, 'nginx');
  mkdirSync(join(home, 'temp'), { recursive: true });
  const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path temp/${name};`,
  );
  writeFileSync(
    join(home, 'nginx.conf'),
    `daemon off; master_process off; pid nginx.pid; error_log stderr crit;
events {}
http {
  access_log off; ${temp.join(' ')}
  proxy_buffer_size 32k; proxy_buffers 8 32k; proxy_busy_buffers_size 64k;
  proxy_cache_path cache keys_zone=shared:1m;
  server {
    listen 127.0.0.1:${port}; listen [::1]:${port};
    location / {
      proxy_pass http://localhost:${target};
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-Proto http;
      proxy_cache shared; proxy_cache_valid 200 301 404 1m;
      # RFC 9111 §3.5, which nginx does not know.
      proxy_no_cache $http_authorization; proxy_cache_bypass $http_authorization;
    }
  }
}
`,
  );
  const nginx = spawn('nginx', ['-p', home, '-c', 'nginx.conf', '-e', 'stderr'], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  await untilAnswering(nginx, `http://localhost:${port}/`);
  return { stop: () => nginx.kill('SIGKILL') };
}

async function untilAnswering(program: ChildProcess, url: string): Promise<void> {
  const until = performance.now() + PATIENCE_MS;
  while (performance.now() < until && program.exitCode === null) {
    if (await fetch(url, { redirect: 'manual' }).catch(() => undefined)) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`nginx does not answer at ${url}`);
}

/**
 * Two people sign in. What does a page of a sibling origin read with their cookies, what does the cache hand to others, and which
 * secrets lie on disk?
 */
export async function lookBetween(stage: Stage, browser: Browser): Promise<void> {
  const [ann, other] = await Promise.all([browser.newContext(), browser.newContext()]);
  const siblings = createServer((_, response) =>
    response.setHeader('content-type', 'text/html').end('<p>sibling'),
  );
  await new Promise<void>((resolve) => siblings.listen(0, 'localhost', resolve));
  try {
    await signIn(stage, ann);
    const page = await ann.newPage();
    for (const path of stage.paths) await page.goto(stage.url + path);
    await expectNothingCached(stage, ann, other);
    await expectNothingRead(stage, ann, `http://localhost:${(siblings.address() as AddressInfo).port}/`);
  } finally {
    siblings.close();
    await Promise.all([ann.close(), other.close()]);
  }
  expectNothingOnDisk(stage);
}

async function signIn({ url }: Stage, context: BrowserContext): Promise<void> {
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  await page.goto(`${url}/me`);
  await page.click('#users button[value="ann"]');
  await page.waitForURL(`${url}/me`);
  assert.match((await page.textContent('body')) ?? '', /ann/);
}

/** In both orders: others after ann, and ann after others. */
async function expectNothingCached({ name, url, paths }: Stage, ann: BrowserContext, other: BrowserContext) {
  for (const path of paths) {
    const read = async (context: BrowserContext, from = path) => {
      const answer = await context.request.get(url + from, { maxRedirects: 0, failOnStatusCode: false });
      return `${answer.status()} ${await answer.text()}`;
    };
    assert.match(await read(ann), /\bann\b/, `${name}: ann is not on ${path}`);
    assert.doesNotMatch(await read(other), /\bann\b/, `${name}: the cache hands ann's ${path} to others`);
    await read(other, `${path}?first=other`);
    assert.match(
      await read(ann, `${path}?first=other`),
      /\bann\b/,
      `${name}: the cache hands others' ${path} to ann`,
    );
  }
}

/** By every way in which a script of another origin of the same site can ask, with the cookies that come along. */
async function expectNothingRead(
  { name, url, paths }: Stage,
  ann: BrowserContext,
  sibling: string,
): Promise<void> {
  const page = await ann.newPage();
  await page.goto(sibling);
  const read = (await page.evaluate(`(async () => {
    const said = [];
    for (const path of ${JSON.stringify([...paths, '/auth/session', '/graphql?query={me}'])}) {
      for (const method of ['GET', 'POST'])
        await fetch(${JSON.stringify(url)} + path, { method, credentials: 'include' })
          .then(async (answer) => said.push(await answer.text()), () => {});
      await new Promise((resolve) => {
        const socket = new WebSocket(${JSON.stringify(url.replace('http', 'ws'))} + path);
        socket.onmessage = ({ data }) => said.push(String(data));
        socket.onclose = socket.onerror = resolve;
        setTimeout(() => { socket.close(); resolve(); }, 2000);
      });
    }
    return said;
  })()`)) as string[];
  assert.doesNotMatch(read.join('\n'), /\bann\b/, `${name}: a sibling page reads who is signed in`);
}

/** Tokens are JWTs; packages and the cache's own pages are not the application's. */
function expectNothingOnDisk({ name, folder, secrets }: Stage): void {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true });
  for (const entry of names) {
    const path = join(entry.parentPath, entry.name);
    if (!entry.isFile() || /[\\/](node_modules|nginx)[\\/]/.test(path.slice(folder.length))) continue;
    const text = readFileSync(path, 'latin1');
    assert.doesNotMatch(text, /eyJhbGciOi[\w-]+\.eyJ[\w-]+\./, `${name}: a token lies in ${path}`);
    for (const secret of secrets) assert.ok(!text.includes(secret), `${name}: a secret lies in ${path}`);
  }
}
