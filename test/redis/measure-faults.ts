import type { TestContext } from 'node:test';
import { buildTestApp, form, PASSWORD, startIdp } from '../server/service.ts';
import { ORIGIN, openBrowser } from '../session/browser.ts';
import { eventually } from '../support/eventually.ts';
import { type Fault, startFaultProxy } from '../support/fault-proxy.ts';
import { startRedis } from '../support/redis-server.ts';

/** Something that can be wrong with Redis. */
export interface RedisFault {
  readonly name: string;
  readonly fault: Fault;
}

export const REDIS_FAULTS: readonly RedisFault[] = [
  { name: 'slow: each answer takes 100 ms longer', fault: { kind: 'slow', delayMs: 100 } },
  { name: 'hangs: accepts, never answers', fault: { kind: 'hang' } },
  { name: 'refuses connections', fault: { kind: 'refuse' } },
  { name: 'resets before it answers', fault: { kind: 'reset', afterBytes: 0 } },
  { name: 'resets in the middle of an answer', fault: { kind: 'reset', afterBytes: 3 } },
  {
    name: 'answers something that is not Redis',
    fault: { kind: 'answer', chunks: () => ['HTTP/1.1 400 Bad Request\r\n\r\n'] },
  },
];

export interface Seen {
  readonly status: number;
  readonly ms: number;
}

/** What one replica answers while its Redis has a fault, and how soon after its end it is well again. */
export interface RedisObservation {
  readonly bearer: Seen;
  readonly login: Seen;
  /** A cookie of a session that was used at this replica just before … */
  readonly knownCookie: Seen;
  /** … and of one that is known to the other replica alone. The first request, and a later one. */
  readonly newCookie: Seen;
  readonly newCookieLater: Seen;
  readonly logout: Seen;
  /** The token that was logged out, here. */
  readonly afterLogout: Seen;
  readonly live: Seen;
  readonly ready: Seen;
  /** From the end of the fault to a cookie that is good again, a logout that is 204 … */
  readonly cookieHealsMs: number;
  readonly logoutHealsMs: number;
  /** … and the other replica knowing of the logout during the fault. */
  readonly toldMs: number;
}

const SESSION_SECRET = 'b7f3c1d95e0a4826b7f3c1d95e0a4826';

/** Two replicas; one of them reaches Redis through a proxy that spoils the way. */
export async function observeRedisFault(t: TestContext, { fault }: RedisFault): Promise<RedisObservation> {
  const redis = await startRedis(t);
  const idp = await startIdp(t);
  idp.updateRealm({ bruteForceProtected: false });
  const proxy = await startFaultProxy(redis.port);
  t.after(() => proxy.close());
  const start = async (port: number) => {
    const { app } = await buildTestApp(t, idp.url, {
      ...{ REDIS_URL: `redis://127.0.0.1:${port}`, TOKEN_CHECK: 'local', PUBLIC_URL: ORIGIN, SESSION_SECRET },
      ...{ LOGINS_PER_MINUTE_AND_ADDRESS: '100000', LOGINS_PER_MINUTE_AND_USER: '100000' },
    });
    await eventually('ready', async () => (await app.inject('/health/ready')).statusCode === 200);
    return app;
  };
  const [app, other] = [await start(proxy.port), await start(redis.port)];
  const callAt = async (at: typeof app, options: object): Promise<Seen & { body: string }> => {
    const begin = performance.now();
    const answer = await at.inject(options);
    return { status: answer.statusCode, ms: performance.now() - begin, body: answer.body };
  };
  const call = (options: object) => callAt(app, options);
  const login = () => call(form({ username: 'abdullah', password: PASSWORD }));
  const tokensOf = ({ body }: { body: string }) =>
    JSON.parse(body) as { access_token: string; refresh_token: string };
  const use = (token: string, at = app) =>
    callAt(at, { url: '/protected', headers: { authorization: `Bearer ${token}` } });
  const useCookie = (cookie: string) => call({ url: '/protected', headers: { cookie } });
  const logout = (refresh_token: string) =>
    call({ method: 'POST', url: '/logout', payload: { refresh_token } });
  const signIn = async () => {
    const browser = openBrowser(other);
    await browser.signIn();
    return browser.session;
  };

  const [tokens, leaving, later] = [
    tokensOf(await login()),
    tokensOf(await login()),
    tokensOf(await login()),
  ];
  await use(leaving.access_token, other);
  const [known, unknown, unknownToo] = [await signIn(), await signIn(), await signIn()];
  await useCookie(known);

  await proxy.set(fault);
  const [bearer, newCookie, loggedIn] = await Promise.all([
    use(tokens.access_token),
    useCookie(unknown),
    login(),
  ]);
  const knownCookie = await useCookie(known);
  const newCookieLater = await useCookie(unknownToo);
  const loggedOut = await logout(leaving.refresh_token);
  const afterLogout = await use(leaving.access_token);
  const live = await call({ url: '/health/live' });
  const ready = await call({ url: '/health/ready' });

  await proxy.set(undefined);
  const end = performance.now();
  const heals = (what: string, isWell: () => Promise<boolean>) =>
    eventually(what, isWell).then(() => performance.now() - end);
  const [cookieHealsMs, logoutHealsMs, toldMs] = await Promise.all([
    heals('cookie', async () => (await useCookie(unknown)).status === 200),
    heals('logout', async () => (await logout(later.refresh_token)).status !== 503),
    heals('told', async () => (await use(leaving.access_token, other)).status === 401),
  ]);
  return {
    ...{ bearer, login: loggedIn, knownCookie, newCookie, newCookieLater, logout: loggedOut, afterLogout },
    ...{ live, ready, cookieHealsMs, logoutHealsMs, toldMs },
  };
}
