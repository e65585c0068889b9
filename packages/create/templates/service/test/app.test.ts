// A whole login, at a provider in this process that answers as Keycloak does.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { loadConfig, type RunningService, startService } from '@keycloak-guard/server';
import { type DevIdp, startDevIdp } from '@keycloak-guard/testing';

const { clients, users } = JSON.parse(readFileSync('realm.json', 'utf8'));
const [{ username, credentials }] = users;
let idp: DevIdp;
let service: RunningService;

before(async () => {
  idp = await startDevIdp({ realmFile: 'realm.json' });
  const env = {
    KEYCLOAK_SERVER_URL: idp.url,
    KEYCLOAK_REALM: idp.realm,
    KEYCLOAK_CLIENT_ID: clients[0].clientId,
    KEYCLOAK_CLIENT_SECRET: clients[0].secret,
    SESSION_SECRET: 'off',
    LOG_LEVEL: 'silent',
    PORT: '0',
  };
  service = await startService(loadConfig({ env, envFile: 'no.env' }));
});
after(async () => {
  await service.close();
  await idp.close();
});

function login(password: string) {
  return fetch(`${service.url}/login`, {
    method: 'POST',
    body: new URLSearchParams({ username, password }),
  });
}

test('a name and a password become a token, which opens the protected page', async () => {
  const answer = await login(credentials[0].value);
  assert.equal(answer.status, 200);
  const { access_token: token } = (await answer.json()) as { access_token: string };
  const headers = { authorization: `Bearer ${token}` };
  const person = await fetch(`${service.url}/protected`, { headers });
  assert.equal(person.status, 200);
  assert.equal(((await person.json()) as { preferred_username: string }).preferred_username, username);
});

test('a wrong password is 401, and so is a missing token', async () => {
  assert.equal((await login('wrong')).status, 401);
  assert.equal((await fetch(`${service.url}/protected`)).status, 401);
});
