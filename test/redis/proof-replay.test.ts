// Proofs of a bound token at three replicas, each in a process of its own, with one Redis.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SECRET, startIdp } from '../support/dev-idp.ts';
import { createDpopClient } from '../support/dpop.ts';
import { startRedis } from '../support/redis-server.ts';
import { startProcess } from './start-adapter-process.ts';

const PUBLIC_URL = 'https://api.example.com';
const PROOFS = 1_000;
const AT_ONCE = 50;

test('of 1,000 proofs that are sent to three replicas at once, each is good at one of them, once', async (t) => {
  const [redis, idp] = await Promise.all([startRedis(t), startIdp(t)]);
  const keycloak = { serverUrl: idp.url, clientSecret: SECRET };
  const replica = { name: 'fastify', redisUrl: redis.url, publicUrl: PUBLIC_URL, ...keycloak } as const;
  const urls = await Promise.all([1, 2, 3].map(() => startProcess(t, replica)));
  const client = createDpopClient();
  const now = () => Math.floor(Date.now() / 1000);
  const tokenUrl = `${idp.issuer}/protocol/openid-connect/token`;
  const answer = await fetch(tokenUrl, {
    method: 'POST',
    headers: { dpop: client.proof({ method: 'POST', uri: tokenUrl, now: now() }) },
    body: new URLSearchParams({
      ...{ grant_type: 'password', client_id: 'fastapi-keycloak', client_secret: SECRET },
      ...{ username: 'abdullah', password: 'Test#123456' },
    }),
  });
  const { access_token: token, token_type: type } = (await answer.json()) as Record<string, string>;
  assert.equal(type, 'DPoP');

  const send = async (url: string, dpop: string) => {
    const got = await fetch(`${url}/guarded`, { headers: { authorization: `DPoP ${token}`, dpop } });
    await got.arrayBuffer();
    return `${got.status} ${/error="(\w+)"/.exec(got.headers.get('www-authenticate') ?? '')?.[1] ?? ''}`.trim();
  };
  const told: Record<string, number> = {};
  const firsts = urls.map(() => 0);
  const kept: string[] = [];
  for (let sent = 0; sent < PROOFS; sent += AT_ONCE) {
    const proofs = Array.from({ length: AT_ONCE }, () =>
      client.proof({ token: token as string, uri: `${PUBLIC_URL}/guarded`, now: now() }),
    );
    kept.push(proofs[0] as string);
    const answers = await Promise.all(
      proofs.map((proof) => Promise.all(urls.map((url) => send(url, proof)))),
    );
    for (const of of answers) {
      assert.equal(of.filter((one) => one === '200').length, 1, of.join());
      firsts[of.indexOf('200')]!++;
      for (const one of of) told[one] = (told[one] ?? 0) + 1;
    }
  }
  assert.deepEqual(told, { '200': PROOFS, '401 invalid_dpop_proof': 2 * PROOFS });
  for (const proof of kept.slice(-3)) {
    for (const url of urls) assert.equal(await send(url, proof), '401 invalid_dpop_proof');
  }
  t.diagnostic(`taken by the three: ${firsts.join(', ')}`);
});
