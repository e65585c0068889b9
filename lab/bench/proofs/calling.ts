import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { keycloak } from '../../../packages/guard/src/adapters/node/index.ts';
import { createClient } from '../../../packages/guard/src/client/index.ts';
import { startKeycloak } from '../../../tools/run/keycloak/index.ts';
import type { Figure } from '../figures.ts';
import type { PartOptions } from '../part-options.ts';
import { quantile } from '../statistics.ts';

const command = 'npm run bench -- calling';
const USERS = 200;
const CALLS = 10_000;
const AT_A_TIME = 50;
const SERVICES = ['orders', 'stock', 'prices', 'mail', 'reports'];
const SECRET = 'only-for-the-benchmark-0123456789';
const PASSWORD = 'Test#123456';

/** Calls in the name of many users to several services: questions to a real Keycloak, and what a call takes beside a bare `fetch`. */
export async function calling({ quick, log }: PartOptions): Promise<Figure[]> {
  const server = await startKeycloak();
  const target = createServer((_, response) => response.end('here you are'));
  await new Promise<void>((resolve) => target.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(target.address() as AddressInfo).port}`;
  const realm = { serverUrl: server.url, realm: 'calling' };
  const asked = { exchanges: 0, others: 0 };
  const users = quick ? 40 : USERS;
  await createRealm(server, users).catch(async (error: unknown) => {
    await server.close();
    throw error;
  });
  const kc = keycloak({
    ...{ ...realm, clientId: 'shop', audience: 'shop', credential: { secret: SECRET }, timeoutMs: 30_000 },
    onNotice: (notice) => log(JSON.stringify(notice)),
    fetch: (url, init) => {
      if (String(url).endsWith('/token')) asked.exchanges++;
      else asked.others++;
      return fetch(url, init);
    },
  });
  try {
    const web = createClient({ ...realm, clientId: 'web', timeoutMs: 60_000 });
    const tokens: string[] = [];
    for (let user = 0; user < users; user += 4) {
      const some = [0, 1, 2, 3].map((more) => ({ username: `user-${user + more}`, password: PASSWORD }));
      tokens.push(
        ...(await Promise.all(some.map((one) => web.passwordGrant(one)))).map((one) => one.accessToken),
      );
    }
    const principals = await Promise.all(tokens.map((token) => kc.verifier.verify(token)));
    log(`${users} users are signed in`);
    const calls = SERVICES.map((audience) => kc.fetchFor({ origin, audience, scope: `to-${audience}` }));
    const headers = { authorization: `Bearer ${tokens[0]}` };
    const bare = await measure(() => fetch(`${origin}/`, { headers }));
    const one = (index: number) => {
      const principal = principals[index % users] as (typeof principals)[number];
      return calls[Math.floor(index / users) % SERVICES.length]?.(principal, '/') as Promise<Response>;
    };
    asked.others = 0;
    const first = await measure(one);
    const whole = { ...asked };
    const kept = await measure(one);
    log(`bare ${say(bare)}; 10,000 calls from none ${say(first)}; the next 10,000 ${say(kept)}`);
    log(
      `${whole.exchanges} exchanges, ${whole.others} other questions; then ${asked.exchanges - whole.exchanges}`,
    );
    const hits = (1 - whole.exchanges / CALLS) * 100;
    const p99 = quantile(kept, 0.99) / quantile(bare, 0.99);
    return [
      {
        figure: `questions to Keycloak for 10,000 calls of ${users} users to ${SERVICES.length} services, from an empty cache`,
        target: `at most ${users * SERVICES.length}: one for each user and service`,
        measured: `${whole.exchanges} exchanges (${hits.toFixed(1)} % of the calls need none), ${whole.others} rechecks of sessions`,
        isReached: whole.exchanges <= users * SERVICES.length,
        command,
      },
      {
        figure: 'p99 of a call with a token that is kept ÷ of a bare fetch, 50 at a time',
        target: 'at most 2',
        measured: `${p99.toFixed(2)} (${say(kept)} ÷ ${say(bare)}; with the exchanges ${say(first)})`,
        isReached: p99 <= 2,
        command,
      },
    ];
  } finally {
    target.closeAllConnections();
    target.close();
    await kc.close();
    await server.close();
  }
}

const say = (times: readonly number[]) =>
  `p50 ${quantile(times, 0.5).toFixed(1)} ms, p99 ${quantile(times, 0.99).toFixed(1)} ms`;

/** Milliseconds of each call, the shortest first. */
async function measure(call: (index: number) => Promise<Response>): Promise<number[]> {
  const times: number[] = [];
  let next = 0;
  const run = async () => {
    while (next < CALLS) {
      const began = performance.now();
      const answer = await call(next++);
      await answer.text();
      if (answer.status !== 200) throw new Error(`HTTP ${answer.status}`);
      times.push(performance.now() - began);
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, run));
  return times.sort((a, b) => a - b);
}

async function createRealm(server: Awaited<ReturnType<typeof startKeycloak>>, users: number): Promise<void> {
  const mapper = (client: string) => ({
    name: 'audience',
    protocol: 'openid-connect',
    protocolMapper: 'oidc-audience-mapper',
    config: { 'included.client.audience': client, 'access.token.claim': 'true' },
  });
  const names = ['shop', ...SERVICES];
  const attributes = { 'standard.token.exchange.enabled': 'true' };
  const admin = createClient({
    serverUrl: server.url,
    realm: 'master',
    clientId: 'admin-cli',
    timeoutMs: 60_000,
  });
  const who = { username: server.adminUser, password: server.adminPassword };
  let token = { value: '', until: 0 };
  const post = async (path: string, body: unknown) => {
    // It is good for a minute.
    if (performance.now() > token.until) {
      const { accessToken } = await admin.passwordGrant(who);
      token = { value: accessToken, until: performance.now() + 30_000 };
    }
    const headers = { 'content-type': 'application/json' };
    const init = { method: 'POST', headers, body: JSON.stringify(body) };
    const answer = await admin.callApi(token.value, `${server.url}/admin/realms${path}`, init);
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  };
  // What a password costs is not measured here.
  const passwordPolicy = 'hashAlgorithm(pbkdf2-sha256) and hashIterations(1)';
  await post('', { realm: 'calling', enabled: true, accessTokenLifespan: 3_600, passwordPolicy });
  for (let index = 0; index < users; index++) {
    await post('/calling/users', {
      ...{ username: `user-${index}`, enabled: true, emailVerified: true },
      ...{ email: `user-${index}@example.com`, firstName: 'User', lastName: String(index) },
      credentials: [{ type: 'password', value: PASSWORD, temporary: false }],
    });
  }
  for (const name of SERVICES)
    await post('/calling/client-scopes', {
      name: `to-${name}`,
      protocol: 'openid-connect',
      protocolMappers: [mapper(name)],
    });
  for (const clientId of names) {
    const scopes = clientId === 'shop' ? SERVICES.map((name) => `to-${name}`) : [];
    await post('/calling/clients', { clientId, secret: SECRET, attributes, optionalClientScopes: scopes });
  }
  await post('/calling/clients', {
    ...{
      clientId: 'web',
      publicClient: true,
      directAccessGrantsEnabled: true,
      protocolMappers: [mapper('shop')],
    },
  });
}
