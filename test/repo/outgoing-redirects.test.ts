import assert from 'node:assert/strict';
import { createServer, request as send } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { createVerifier, type Verifier } from 'keycloak-guard';
import { createPermissions } from 'keycloak-guard/authz';
import { createClient } from 'keycloak-guard/client';
import { connectAdmin, findGroup } from '../../packages/cli/src/admin/connection.ts';
import { createRealmCalls } from '../../packages/cli/src/keycloak/realm-calls.ts';
import { startFakeKeycloak } from '../admin/fake-keycloak.ts';
import { startIdp } from '../support/dev-idp.ts';

async function listen(t: TestContext, handler: Parameters<typeof createServer>[1]): Promise<string> {
  const server = createServer(handler);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/**
 * A server in front of another that sends requests to a third one, as long as `isOn`.
 *
 * @returns what the third one got: it must be nothing that is secret
 */
async function startRedirects(t: TestContext, origin: string, status: number) {
  const stolen: string[] = [];
  const redirected: string[] = [];
  const state = { isOn: false };
  const thief = await listen(t, async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    stolen.push(`${request.method} ${request.url} ${request.headers.authorization ?? ''} ${body}`);
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  });
  const url = await listen(t, (request, response) => {
    if (state.isOn) {
      redirected.push(`${request.method} ${request.url}`);
      response.writeHead(status, { location: thief + request.url }).end();
      return;
    }
    // Keycloak names itself as it is called.
    const onward = send(
      origin + request.url,
      { method: request.method, headers: request.headers },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      },
    );
    request.pipe(onward);
  });
  return { url, stolen, redirected, state };
}

const CLIENT = { realm: 'testing', clientId: 'fastapi-keycloak', clientSecret: 'for-development-only' };
const USER = { username: 'abdullah', password: 'Test#123456' };

for (const status of [302, 307, 308]) {
  test(`no credential of the library, the service or the doctor follows a redirect: ${status}`, async (t) => {
    const idp = await startIdp(t);
    const { url, stolen, redirected, state } = await startRedirects(t, idp.url, status);
    const client = createClient({ serverUrl: url, ...CLIENT });
    const { accessToken, refreshToken: kept } = await client.passwordGrant(USER);
    const refreshToken = kept ?? '';
    // Of one that has not been answered, the same verifier does not ask again at once.
    const [verifier, other] = [1, 2].map(() =>
      createVerifier({ serverUrl: url, ...CLIENT, tokenCheck: 'remote' }),
    ) as [Verifier, Verifier];
    await other.verify(accessToken);
    const principal = await verifier.verify(accessToken);
    const { clientId, clientSecret } = CLIENT;
    const permissions = createPermissions({ verifier: other, clientId, clientSecret });
    const calls = createRealmCalls({ serverUrl: url, ...CLIENT, timeoutMs: 5_000 });
    const { payload } = JSON.parse(
      `{"payload":${Buffer.from(accessToken.split('.')[1] ?? '', 'base64url').toString()}}`,
    ) as { payload: { sid: string } };

    state.isOn = true;
    const tries: Record<string, () => Promise<unknown>> = {
      permissions: () => permissions.list(principal),
      passwordGrant: () => client.passwordGrant(USER),
      refresh: () => client.refresh(refreshToken),
      exchangeCode: () =>
        client.exchangeCode({
          code: 'the-code',
          redirectUri: 'http://localhost/cb',
          codeVerifier: 'v'.repeat(43),
        }),
      deviceGrant: () => client.deviceGrant(() => {}),
      logout: () => client.logout(refreshToken),
      endSession: () => client.endSession(accessToken, payload.sid),
      revoke: () => client.revoke(refreshToken),
      callApi: () => client.callApi(accessToken, `${url}/orders`),
      verify: async () => verifier.verify(accessToken),
      doctorLogin: () => calls.passwordGrant(USER.username, USER.password),
      doctorUserinfo: () => calls.userinfo(accessToken),
      doctorIntrospection: () => calls.introspect(accessToken),
      doctorLogout: () => calls.logout(refreshToken),
    };
    for (const [name, run] of Object.entries(tries)) {
      redirected.length = 0;
      await run().catch(() => undefined);
      assert.deepEqual(stolen, [], name);
      assert.notDeepEqual(redirected, [], `${name} was not tried`);
    }
  });

  test(`the token of an admin follows no redirect: ${status}`, async (t) => {
    const keycloak = await startFakeKeycloak();
    t.after(() => keycloak.close());
    const { url, stolen, redirected, state } = await startRedirects(t, keycloak.url, status);
    const credentials = { realm: 'master', username: 'admin', password: 'admin' };
    const { api } = await connectAdmin({ serverUrl: url, credentials });
    state.isOn = true;
    await api.clients.find({ realm: 'testing' }).catch(() => undefined);
    await findGroup(api, 'testing', '/staff').catch(() => undefined);
    assert.equal(redirected.length, 2);
    assert.deepEqual(stolen, []);
  });
}
