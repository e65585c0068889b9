import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import fastify, { type FastifyInstance } from 'fastify';
import * as oauth from 'oauth4webapi';
import * as openid from 'openid-client';
import keycloakGuard from '../../../packages/guard/src/adapters/fastify/index.ts';
import { createClient } from '../../../packages/guard/src/client/index.ts';
import type { Principal } from '../../../packages/guard/src/core/index.ts';
import { readChallenges } from '../../../packages/guard/src/core/internal.ts';
import { createDpopClient } from '../../support/dpop.ts';
import { decodePart } from '../../support/signing-keys.ts';
import { CLIENT, PASSWORD } from '../guide/provider.ts';

/** A provider with the guide's realm, whose tokens can be bound to a key. */
export interface DpopProvider {
  readonly url: string;
  readonly realm: string;
  close(): Promise<void>;
}

const USER = { username: 'abdullah', password: PASSWORD };

/** Clients of three makes against an API that is guarded by this library; over HTTP, with tokens of a real provider. */
export function dpopContract(name: string, start: () => Promise<DpopProvider>): void {
  describe(`tokens that are bound to a key: ${name}`, () => {
    let provider: DpopProvider;
    let app: FastifyInstance;
    let url: string;
    let options: { serverUrl: string; realm: string; clientId: string; clientSecret: string };

    before(async () => {
      provider = await start();
      const { url: serverUrl, realm } = provider;
      options = { serverUrl, realm, clientId: CLIENT.id, clientSecret: CLIENT.secret };
      app = fastify();
      await app.register(keycloakGuard, {
        ...options,
        dpop: 'accepted',
        recheckSeconds: 1,
      });
      const whoIs = (request: { principal: Principal | null }) => ({ user: request.principal?.username });
      app.get('/any', { onRequest: app.guard() }, whoIs);
      app.post('/any', { onRequest: app.guard() }, whoIs);
      app.get('/bound', { onRequest: app.guard({ dpop: 'required' }) }, whoIs);
      url = await app.listen({ port: 0, host: '127.0.0.1' });
    });
    after(async () => {
      await app.close();
      await provider.close();
    });

    /** What a client of ours sends to the API, to be sent again by somebody else. */
    async function startClient(more: { dpop: boolean | CryptoKeyPair } = { dpop: true }) {
      const sent: Headers[] = [];
      const spy = ((input: string, init: RequestInit) => {
        if (input.startsWith(url)) sent.push(new Headers(init.headers));
        return fetch(input, init);
      }) as typeof fetch;
      const client = createClient({ ...options, ...more, fetch: spy });
      return { client, sent, tokens: await client.passwordGrant(USER) };
    }

    const send = (headers: Record<string, string>, path = '/any') => fetch(`${url}${path}`, { headers });
    async function assertRefused(answer: Response, error: string): Promise<void> {
      assert.equal(answer.status, 401, await answer.text());
      const challenges = readChallenges(answer.headers.get('www-authenticate') ?? '');
      assert.deepEqual(
        challenges.map(({ scheme }) => scheme),
        ['bearer', 'dpop'],
      );
      assert.equal(challenges.find((one) => one.error !== undefined)?.error, error);
    }

    it('are good with a proof, and with none of what a thief could have', async () => {
      const { client, sent, tokens } = await startClient();
      assert.equal(tokens.tokenType, 'dpop');
      const { cnf } = decodePart<{ cnf?: { jkt?: string } }>(tokens.accessToken, 1);
      assert.match(String(cnf?.jkt), /^[\w-]{43}$/);
      for (const path of ['/any', '/bound']) {
        const answer = await client.callApi(tokens.accessToken, `${url}${path}?page=2`);
        assert.deepEqual([answer.status, await answer.json()], [200, { user: 'abdullah' }]);
      }
      const used = Object.fromEntries(sent[0] as Headers);
      const { authorization = '', dpop = '' } = used;
      assert.match(authorization, /^DPoP eyJ/);
      await assertRefused(await send({ authorization, dpop }), 'invalid_dpop_proof');
      await assertRefused(await send({ authorization }), 'invalid_dpop_proof');
      await assertRefused(await send({ authorization: `Bearer ${tokens.accessToken}` }), 'invalid_token');
      await assertRefused(
        await send({ authorization: `Bearer ${tokens.accessToken}`, dpop }),
        'invalid_token',
      );
      const thief = createDpopClient();
      const own = thief.proof({ token: tokens.accessToken, uri: `${url}/any`, now: Date.now() / 1000 });
      await assertRefused(await send({ authorization, dpop: own }), 'invalid_token');
      // And the owner goes on.
      assert.equal((await client.callApi(tokens.accessToken, `${url}/any`)).status, 200);
    });

    it('are good for what their proof is for alone: not another path, method or token', async () => {
      const key = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, [
        'sign',
        'verify',
      ]);
      const holder = await startClient({ dpop: key });
      const other = await holder.client.passwordGrant(USER);
      await holder.client.callApi(holder.tokens.accessToken, `${url}/nothing`);
      const { authorization = '', dpop = '' } = Object.fromEntries(holder.sent[0] as Headers);
      await assertRefused(await send({ authorization, dpop }), 'invalid_dpop_proof');
      await assertRefused(
        await send({ authorization: `DPoP ${other.accessToken}`, dpop }, '/nothing/../any'),
        'invalid_dpop_proof',
      );
      const posted = await holder.client.callApi(holder.tokens.accessToken, `${url}/any`, { method: 'POST' });
      assert.equal(posted.status, 200);
    });

    it('are checked with Keycloak again, and refused when their session is over', async () => {
      const { client, tokens } = await startClient();
      assert.equal((await client.callApi(tokens.accessToken, `${url}/any`)).status, 200);
      await new Promise((resolve) => setTimeout(resolve, 1_200));
      assert.equal((await client.callApi(tokens.accessToken, `${url}/any`)).status, 200);
      await client.logout(tokens.refreshToken as string);
      await new Promise((resolve) => setTimeout(resolve, 1_200));
      assert.equal((await client.callApi(tokens.accessToken, `${url}/any`)).status, 401);
    });

    it('are refreshed with a proof, and are bound to the same key again', async () => {
      const { client, tokens } = await startClient();
      const fresh = await client.refresh(tokens.refreshToken as string);
      const [before, after] = [tokens, fresh].map(
        ({ accessToken }) => decodePart<{ cnf?: { jkt?: string } }>(accessToken, 1).cnf?.jkt,
      );
      assert.equal(after, before);
      assert.equal((await client.callApi(fresh.accessToken, `${url}/bound`)).status, 200);
    });

    it('are not, where the client has no key: a bearer token, refused where tokens have to be bound', async () => {
      const { client, tokens } = await startClient({ dpop: false });
      assert.equal(tokens.tokenType, 'bearer');
      assert.equal((await client.callApi(tokens.accessToken, `${url}/any`)).status, 200);
      const answer = await client.callApi(tokens.accessToken, `${url}/bound`);
      assert.equal(answer.status, 401);
      assert.match(
        String(answer.headers.get('www-authenticate')),
        /^DPoP algs="[^"]+", error="invalid_token"/,
      );
    });

    it('come from openid-client, which calls the API with them', async () => {
      const config = await openid.discovery(
        new URL(`${options.serverUrl}/realms/${options.realm}`),
        options.clientId,
        options.clientSecret,
        undefined,
        { execute: [openid.allowInsecureRequests] },
      );
      const DPoP = openid.getDPoPHandle(config, await openid.randomDPoPKeyPair('ES256'));
      const tokens = await openid.genericGrantRequest(
        config,
        'password',
        { ...USER, scope: 'openid' },
        { DPoP },
      );
      assert.equal(tokens.token_type, 'dpop');
      for (const path of ['/any', '/bound', '/bound?a=b']) {
        const target = new URL(`${url}${path}`);
        const answer = await openid.fetchProtectedResource(
          config,
          tokens.access_token,
          target,
          'GET',
          null,
          undefined,
          { DPoP },
        );
        assert.deepEqual(await answer.json(), { user: 'abdullah' });
      }
      await assert.rejects(
        openid.fetchProtectedResource(config, tokens.access_token, new URL(`${url}/any`), 'GET'),
        (error: { cause?: { scheme?: string; parameters?: { error?: string } }[] }) =>
          error.cause?.[0]?.scheme === 'bearer' && error.cause[0].parameters?.error === 'invalid_token',
      );
    });

    it('come from oauth4webapi, which learns of a nonce by the challenge and goes on with it', async () => {
      const asking = fastify();
      await asking.register(keycloakGuard, {
        ...options,
        dpop: { mode: 'required', nonceSecret: 'n'.repeat(32) },
      });
      asking.get('/any', { onRequest: asking.guard() }, (request) => ({ user: request.principal?.username }));
      const address = new URL(`${await asking.listen({ port: 0, host: '127.0.0.1' })}/any`);
      try {
        const { tokens, DPoP } = await signInWithOauth4webapi(options);
        const insecure = { DPoP, [oauth.allowInsecureRequests]: true };
        const call = () =>
          oauth.protectedResourceRequest(tokens.access_token, 'GET', address, undefined, null, insecure);
        const refusal = await call().then(
          () => assert.fail('no nonce was asked for'),
          (error: unknown) => error,
        );
        assert.ok(oauth.isDPoPNonceError(refusal));
        for (let i = 0; i < 3; i++) assert.deepEqual(await (await call()).json(), { user: 'abdullah' });
        // Ours does by itself.
        const { client, tokens: own } = await startClient();
        assert.equal((await client.callApi(own.accessToken, address)).status, 200);
      } finally {
        await asking.close();
      }
    });
  });
}

async function signInWithOauth4webapi(options: {
  serverUrl: string;
  realm: string;
  clientId: string;
  clientSecret: string;
}) {
  const issuer = `${options.serverUrl}/realms/${options.realm}`;
  const server = { issuer, token_endpoint: `${issuer}/protocol/openid-connect/token` };
  const client: oauth.Client = { client_id: options.clientId };
  const DPoP = oauth.DPoP(client, await oauth.generateKeyPair('PS256'));
  const answer = await oauth.genericTokenEndpointRequest(
    server,
    client,
    oauth.ClientSecretPost(options.clientSecret),
    'password',
    { ...USER, scope: 'openid' },
    { DPoP, [oauth.allowInsecureRequests]: true },
  );
  return { tokens: await oauth.processGenericTokenEndpointResponse(server, client, answer), DPoP };
}
