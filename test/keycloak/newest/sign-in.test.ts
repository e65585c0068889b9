import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startService } from '../../../packages/server/src/index.ts';
import { createLoggerTo } from '../../../packages/server/src/log/logger.ts';
import { collectLog, configFor } from '../../server/service.ts';
import { walkThrough } from '../../session/journey.ts';
import { callAdmin, requireKeycloak, updateInRealm } from '../support/real-keycloak.ts';

const keycloak = requireKeycloak();

const admin = (method: string, path: string) => callAdmin(keycloak, method, `/${keycloak.realm}${path}`);

async function endSessions(): Promise<void> {
  const [user] = (await (await admin('GET', '/users?username=abdullah')).json()) as { id: string }[];
  await admin('POST', `/users/${user?.id}/logout`);
}

async function serve(t: { after(run: () => Promise<void>): void }) {
  const config = { ...configFor(keycloak.url), realm: keycloak.realm, host: '127.0.0.1' };
  const service = await startService(config, { logger: createLoggerTo(config, collectLog().stream) });
  t.after(() => service.close());
  await updateInRealm(keycloak, 'clients?clientId=fastapi-keycloak', {
    redirectUris: [`${service.url}/*`],
    attributes: {
      'post.logout.redirect.uris': '+',
      'access.token.lifespan': '5',
      'backchannel.logout.url': `${service.url}/backchannel-logout`,
    },
  });
  t.after(() =>
    updateInRealm(keycloak, 'clients?clientId=fastapi-keycloak', {
      redirectUris: ['http://localhost:8000/*', 'http://127.0.0.1:8000/*', 'http://localhost:3000/*'],
      attributes: {
        'post.logout.redirect.uris':
          'http://localhost:8000/*##http://127.0.0.1:8000/*##http://localhost:3000/*',
        'access.token.lifespan': '',
        'backchannel.logout.url': 'http://localhost:8000/backchannel-logout',
      },
    }),
  );
  return service;
}

test('a person signs in from /, stays signed in, is signed out by an administrator, and signs out', async (t) => {
  const service = await serve(t);
  await walkThrough(t, { url: service.url, accessTokenSeconds: 5, endSessions });
});

test('POST /logout ends a session by refresh token and by bearer token alone', async (t) => {
  const { url } = await serve(t);
  const post = (path: string, fields: Record<string, string>, headers: Record<string, string> = {}) =>
    fetch(`${url}${path}`, { method: 'POST', body: new URLSearchParams(fields), headers });
  for (const by of ['refresh token', 'bearer token']) {
    const login = await post('/login', { username: 'abdullah', password: 'Test#123456' });
    assert.equal(login.status, 200);
    const { refresh_token } = (await login.json()) as { refresh_token: string };
    const refreshed = await post('/refresh', { refresh_token });
    assert.equal(refreshed.status, 200);
    const tokens = (await refreshed.json()) as { access_token: string; refresh_token: string };
    const authorization = `Bearer ${tokens.access_token}`;
    assert.equal((await fetch(`${url}/protected`, { headers: { authorization } })).status, 200);
    const logout =
      by === 'refresh token'
        ? await post('/logout', { refresh_token: tokens.refresh_token })
        : await post('/logout', {}, { authorization });
    assert.equal(logout.status, 204, by);
    assert.equal((await fetch(`${url}/protected`, { headers: { authorization } })).status, 401);
    assert.equal((await post('/refresh', { refresh_token: tokens.refresh_token })).status, 401, by);
  }
});
