// Real tokens, from a provider in this process that answers as Keycloak does.

import { type DevIdp, startDevIdp } from '@keycloak-guard/testing';
import type { INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import request from 'supertest';
import { AppModule } from '../src/app.module';

let idp: DevIdp;
let app: INestApplication;

beforeAll(async () => {
  idp = await startDevIdp({ realmFile: 'realm.json' });
  Object.assign(process.env, {
    KEYCLOAK_SERVER_URL: idp.url,
    KEYCLOAK_REALM: idp.realm,
    KEYCLOAK_CLIENT_ID: 'my-app',
    KEYCLOAK_CLIENT_SECRET: 'of-these-tests',
    // #if browser
    SESSION_SECRET: 'of-these-tests-0123456789abcdefgh',
    PUBLIC_URL: 'http://localhost:3000',
    // #endif
  });
  const module = await Test.createTestingModule({ imports: [AppModule] }).compile();
  app = module.createNestApplication();
  await app.init();
});
afterAll(async () => {
  await app.close();
  await idp.close();
});

const ask = (path: string, headers: Record<string, string> = {}) =>
  request(app.getHttpServer()).get(path).set(headers);

/** Asks with a token of this user. */
async function askAs(username: string, path: string) {
  const token = await idp.issueToken({ username, clientId: 'my-app' });
  return ask(path, { authorization: `Bearer ${token}` });
}

describe('my-app', () => {
  it('has a public start', async () => {
    expect((await ask('/')).status).toBe(200);
  });

  it('refuses a program without a token', async () => {
    const answer = await ask('/me');
    expect(answer.status).toBe(401);
    expect(answer.headers['www-authenticate']).toBe('Bearer');
  });

  it('knows the caller by the token', async () => {
    const answer = await askAs('ann', '/me');
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({ hello: 'ann' });
  });

  it('shows only administrators the page for administrators', async () => {
    expect((await askAs('ann', '/admin')).status).toBe(403);
    expect((await askAs('ada', '/admin')).status).toBe(200);
  });
  // #if browser

  it('sends a browser to the sign-in page of Keycloak', async () => {
    const page = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
    const answer = await ask('/me', page);
    expect(answer.status).toBe(303);
    expect(answer.headers.location).toMatch(/^\/auth\/login\?|\/protocol\/openid-connect\/auth\?/);
  });
  // #endif
});
