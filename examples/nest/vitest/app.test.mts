// The whole app by Vitest, with real tokens of the embedded provider. By Jest in CommonJS: test/app.spec.ts.
import type { AddressInfo } from 'node:net';
import { type DevIdp, startDevIdp } from '@keycloak-guard/testing';
import type { INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { KeycloakService } from 'keycloak-guard/nest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AppModule } from '../src/app.module';

describe('the API', () => {
  let idp: DevIdp;
  let app: INestApplication;

  beforeAll(async () => {
    idp = await startDevIdp();
    const options = { serverUrl: idp.url, realm: 'testing', clientId: 'fastapi-keycloak' };
    const module = await Test.createTestingModule({ imports: [AppModule] })
      .overrideProvider(KeycloakService)
      .useValue(new KeycloakService(options))
      .compile();
    app = module.createNestApplication();
    await app.listen(0);
  });
  afterAll(async () => {
    await app.close();
    await idp.close();
  });

  async function call(path: string, username?: string, method = 'GET'): Promise<[number, unknown]> {
    const { port } = app.getHttpServer().address() as AddressInfo;
    const token = username === undefined ? undefined : await idp.issueToken({ username });
    const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const response = await fetch(`http://localhost:${port}${path}`, { method, headers });
    return [response.status, await response.text()];
  }

  it('is open where it is public, and asks for a token elsewhere', async () => {
    expect(await call('/')).toEqual([200, 'Hello World!']);
    expect(await call('/me')).toEqual([401, '{"detail":"Not authenticated"}']);
    expect(await call('/me', 'abdullah')).toEqual([200, '{"hello":"abdullah","department":null}']);
  });

  it('lets an administrator see all orders and remove one, and others not', async () => {
    expect(await call('/orders', 'abdullah')).toEqual([200, '[]']);
    expect((await call('/orders/1', 'abdullah', 'DELETE'))[0]).toBe(403);
    expect((await call('/orders/1', 'sara', 'DELETE'))[0]).toBe(204);
  });
});
