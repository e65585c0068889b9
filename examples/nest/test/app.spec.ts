import type { AddressInfo } from 'node:net';
import type { INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { KeycloakService } from 'keycloak-guard/nest';
import { AppModule } from '../src/app.module';
import { testVerifier } from './users';

describe('the API', () => {
  let app: INestApplication;

  beforeAll(async () => {
    const module = await Test.createTestingModule({ imports: [AppModule] })
      .overrideProvider(KeycloakService)
      .useValue(new KeycloakService({ verifier: testVerifier }))
      .compile();
    app = module.createNestApplication();
    await app.listen(0);
  });
  afterAll(() => app.close());

  async function call(path: string, token?: string, method = 'GET'): Promise<[number, unknown]> {
    const { port } = app.getHttpServer().address() as AddressInfo;
    const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const response = await fetch(`http://localhost:${port}${path}`, { method, headers });
    return [response.status, await response.text()];
  }

  it('is open where it is public, and asks for a token elsewhere', async () => {
    expect(await call('/')).toEqual([200, 'Hello World!']);
    expect(await call('/orders/count')).toEqual([200, '{"orders":2}']);
    expect(await call('/me')).toEqual([401, '{"detail":"Not authenticated"}']);
    expect(await call('/me', 'nobody')).toEqual([401, '{"detail":"Could not validate credentials"}']);
    expect(await call('/me', 'ali')).toEqual([200, '{"hello":"ali","department":"sales"}']);
  });

  it('shows everybody their own orders, and an administrator all', async () => {
    expect(await call('/orders', 'ali')).toEqual([200, '[{"id":"1","owner":"ali"}]']);
    expect(await call('/orders', 'sara')).toEqual([
      200,
      '[{"id":"1","owner":"ali"},{"id":"2","owner":"sara"}]',
    ]);
  });

  it('lets those remove an order who have the role of the class and that of the handler', async () => {
    expect((await call('/orders/1', 'ali', 'DELETE'))[0]).toBe(403);
    expect((await call('/orders/1', 'eve', 'DELETE'))[0]).toBe(403);
    expect((await call('/orders/1', 'sara', 'DELETE'))[0]).toBe(204);
  });
});
