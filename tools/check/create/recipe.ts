import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Browser } from 'playwright-core';
import { startDevIdp } from '../../../packages/testing/src/index.ts';
import { freePort } from '../../../test/support/free-port.ts';
import { attempt } from './attempt.ts';
import { lookBetween, startCache } from './between.ts';
import { inheritedEnv, run, start } from './program.ts';
import { expectGuarded, signInWithBrowser } from './sign-in.ts';
import type { Result } from './table.ts';

/** These frameworks need a Node.js that is newer than the oldest one here. */
const NODE = '24';
const SESSION_SECRET = 'of-the-recipes-0123456789abcdefgh';
const CLIENT = { clientId: 'fastapi-keycloak', clientSecret: 'for-development-only' };

/** Installs a recipe of `examples/recipes` with the packed library, builds it, and signs in. */
export function tryRecipe(
  name: string,
  from: string,
  folder: string,
  library: string,
  browser: Browser,
): Promise<Result> {
  return attempt([name, 'browser', 'ts'], async (look) => {
    cpSync(join(from, name), folder, { recursive: true });
    const manifest = join(folder, 'package.json');
    const { dependencies, ...rest } = JSON.parse(readFileSync(manifest, 'utf8'));
    const packed = { ...dependencies, 'keycloak-guard': `file:${library}` };
    writeFileSync(manifest, JSON.stringify({ ...rest, dependencies: packed }));

    const [port, target] = [await freePort(), await freePort()];
    const url = `http://localhost:${port}`;
    const idp = await startDevIdp({ realm: withAnn(), host: 'localhost' });
    idp.updateClient(CLIENT.clientId, {
      redirectUris: [`${url}/*`],
      attributes: { 'post.logout.redirect.uris': '+' },
    });
    const node = execFileSync('npx', ['-y', '-p', `node@${NODE}`, 'node', '-p', 'process.execPath'], {
      encoding: 'utf8',
    });
    const env = {
      ...inheritedEnv(),
      ...{ PATH: `${dirname(node.trim())}:${process.env.PATH}`, CI: '1' },
      ...{ HOST: 'localhost', PORT: String(target), PUBLIC_URL: url },
      ...{ KEYCLOAK_SERVER_URL: idp.url, KEYCLOAK_REALM: idp.realm },
      ...{ KEYCLOAK_CLIENT_ID: CLIENT.clientId, KEYCLOAK_CLIENT_SECRET: CLIENT.clientSecret },
      SESSION_SECRET,
    };
    const npm = (...args: string[]) => run({ folder, env }, 'npm', ...args);
    try {
      await look('install', () => npm('install', '--prefer-offline', '--no-audit', '--no-fund'));
      await look('build', () => npm('run', 'build'));
      await look('start', async () => {
        const app = await start({ folder, env }, [`http://localhost:${target}/`], 'npm', 'start');
        const cache = await startCache(folder, port, target);
        try {
          await look('token', async () => {
            const token = await idp.issueToken({ username: 'ann' });
            await expectGuarded(`${url}/me`, token);
            const statusOf = async (path: string, sent: string) =>
              (await fetch(url + path, { headers: { authorization: `Bearer ${sent}` } })).status;
            const forged = `${token.slice(0, -8)}AAAAAAAA`;
            assert.deepEqual([await statusOf('/me', forged), await statusOf('/admin', token)], [401, 403]);
            await expectMessages(url);
          });
          await look('browser', () =>
            signInWithBrowser({ choice: { framework: name }, url, pageUrl: url }, browser),
          );
          const paths = ['/me', '/'];
          const secrets = [CLIENT.clientSecret, SESSION_SECRET];
          await look('between', () => lookBetween({ name, url, folder, paths, secrets }, browser));
        } finally {
          cache.stop();
          await app.stop();
        }
      });
    } finally {
      await idp.close();
    }
  });
}

/** Keycloak's back-channel logout has no Origin, and reaches the guard all the same: a forged one is refused there. */
async function expectMessages(url: string): Promise<void> {
  const body = new URLSearchParams({ logout_token: 'forged' });
  const answer = await fetch(`${url}/backchannel-logout`, { method: 'POST', body });
  assert.deepEqual(
    [answer.status, answer.headers.get('content-type')?.split(';')[0]],
    [400, 'application/json'],
  );
}

/** The realm of the provider, with the user that all templates have. */
function withAnn() {
  const file = new URL('../../../packages/testing/testing-realm.json', import.meta.url);
  const realm = JSON.parse(readFileSync(file, 'utf8'));
  return { ...realm, users: [...realm.users, ANN] };
}

const ANN = {
  username: 'ann',
  enabled: true,
  email: 'ann@example.com',
  emailVerified: true,
  firstName: 'Ann',
  lastName: 'Example',
  credentials: [{ type: 'password', value: 'of-ann' }],
};
