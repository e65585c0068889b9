import { buildApp } from '../../packages/server/src/index.ts';
import { createLoggerTo } from '../../packages/server/src/log/logger.ts';
import { type DevIdp, startDevIdp } from '../../packages/testing/src/index.ts';
import { collectLog, configFor, form, PASSWORD } from '../server/service.ts';
import { startFaultProxy } from '../support/fault-proxy.ts';
import type { HostNames } from '../support/host-names.ts';
import type { KeycloakFault } from './keycloak-faults.ts';

const REALM_FILE = new URL('../../packages/testing/testing-realm.json', import.meta.url).pathname;

/** One answer of the service, and how long it took. */
export interface Seen {
  readonly status: number;
  readonly ms: number;
  readonly retryAfter: string | undefined;
}

/** What the service answers while Keycloak has a fault, and how soon after its end it is well again. */
export interface Observation {
  /** The first login after the fault began, and one when the service has had time to notice. */
  readonly login: Seen;
  readonly loginLater: Seen;
  readonly refresh: Seen;
  readonly logout: Seen;
  /** A token in use, checked with Keycloak less than `RECHECK_SECONDS` ago … */
  readonly known: Seen;
  /** … and longer ago than that: the first request, and one when the service has had time to notice. */
  readonly stale: Seen;
  readonly staleLater: Seen;
  /** A token never seen before, of a key that is known … */
  readonly newToken: Seen;
  /** … and of one that is not. */
  readonly newKey: Seen;
  readonly ready: Seen;
  /** What `/health/ready` says of Keycloak: `false` while it does not answer. */
  readonly keycloakOk: boolean;
  /** From the end of the fault to a login that succeeds, and to a token of the new key that is accepted. */
  readonly loginHealsMs: number;
  readonly newKeyHealsMs: number;
  /** … and to `/health/ready` saying that Keycloak answers. */
  readonly readyHealsMs: number;
  /** Everything the service logged. */
  readonly log: string;
}

type App = Awaited<ReturnType<typeof buildApp>>;

/**
 * Lets faults happen, each to a service of its own that was well, and looks at the services from outside. They have
 * one provider: making keys takes longer than the rest.
 */
export async function observeKeycloakFaults(
  faults: readonly KeycloakFault[],
  names: HostNames,
  settings: Record<string, string>,
): Promise<ReadonlyMap<KeycloakFault, Observation>> {
  // A fixed issuer: the service reaches the provider by another name than its tokens say, as in a container.
  const idp = await startDevIdp({
    realmFile: REALM_FILE,
    publicUrl: 'http://sso.test',
    anyHost: true,
  });
  idp.updateRealm({ bruteForceProtected: false });
  try {
    const stages = await Promise.all(faults.map((fault) => setUp(fault, idp, names, settings)));
    const issue = () => idp.issueToken({ username: 'abdullah', clientId: 'fastapi-keycloak' });
    const unseen = await issue();
    await idp.rotateKeys({ keepOld: true });
    const ofNewKey = await issue();
    const observed = await Promise.all(
      stages.map(async (observe, i) => [faults[i]!, await observe(unseen, ofNewKey)] as const),
    );
    return new Map(observed);
  } finally {
    await idp.close();
  }
}

/** A service that is well, with users who are signed in. The function that is returned spoils it. */
async function setUp(
  { fault }: KeycloakFault,
  idp: DevIdp,
  names: HostNames,
  settings: Record<string, string>,
): Promise<(unseen: string, ofNewKey: string) => Promise<Observation>> {
  const proxy = await startFaultProxy(idp.port);
  const hostname = `keycloak-${proxy.port}.test`;
  const config = configFor(`http://${hostname}:${proxy.port}`, {
    ...{ RECHECK_SECONDS: '2', LOGINS_PER_MINUTE_AND_ADDRESS: '0', LOGINS_PER_MINUTE_AND_USER: '0' },
    ...settings,
  });
  const log = collectLog();
  const app = await buildApp(config, { logger: createLoggerTo(config, log.stream) });
  await app.ready();
  const { call, login, signIn, post, use, tokensOf } = callerOf(app);

  await until(async () => (await call({ url: '/health/ready' })).status === 200);
  const first = tokensOf(await signIn());
  const second = tokensOf(await signIn());
  const stale = [tokensOf(await signIn()), tokensOf(await signIn())];
  for (const { access_token } of stale) await use(access_token);
  // They are to be older than RECHECK_SECONDS.
  await new Promise((resolve) => setTimeout(resolve, 2_050));
  const fresh = tokensOf(await signIn()).access_token;
  await use(fresh);

  return async (unseen, ofNewKey) => {
    if (fault === 'dns') {
      names.gone.add(hostname);
      proxy.breakConnections();
    } else await proxy.set(fault);
    const [known, newToken, firstLogin, firstStale, refresh] = await Promise.all([
      use(fresh),
      use(unseen),
      // As many as it takes to know that Keycloak hangs.
      Promise.all([login(), login(), login()]).then(([one]) => one),
      use(stale[0]?.access_token ?? ''),
      post('/refresh', first.refresh_token),
    ]);
    const newKey = await use(ofNewKey);
    const loginLater = await login();
    const staleLater = await use(stale[1]?.access_token ?? '');
    const logout = await post('/logout', second.refresh_token);
    const ready = await call({ url: '/health/ready' });
    const keycloakOk = (ready.body as { checks: { keycloak: { ok: boolean } } }).checks.keycloak.ok;

    if (fault === 'dns') names.gone.delete(hostname);
    else await proxy.set(undefined);
    const ended = performance.now();
    const heals = (isWell: () => Promise<boolean>) => until(isWell).then(() => performance.now() - ended);
    const [loginHealsMs, newKeyHealsMs, readyHealsMs] = await Promise.all([
      heals(async () => (await login()).status === 200),
      heals(async () => (await use(ofNewKey)).status === 200),
      heals(async () => {
        // A token in use is what the service asks Keycloak about.
        await use(stale[1]?.access_token ?? '');
        const { body } = await call({ url: '/health/ready' });
        return (body as { checks: { keycloak: { ok: boolean } } }).checks.keycloak.ok;
      }),
    ]);
    await app.close();
    await proxy.close();
    return {
      ...{ login: firstLogin, loginLater, refresh, logout, known, stale: firstStale, staleLater },
      ...{ newToken, newKey, ready, keycloakOk, loginHealsMs, newKeyHealsMs, readyHealsMs },
      log: log.text(),
    };
  };
}

function callerOf(app: App) {
  const call = async (options: object): Promise<Seen & { body: unknown }> => {
    const begin = performance.now();
    const answer = await app.inject(options);
    const retryAfter = answer.headers['retry-after'] as string | undefined;
    const body: unknown = answer.body === '' ? null : answer.json();
    return { status: answer.statusCode, ms: performance.now() - begin, retryAfter, body };
  };
  const login = () => call(form({ username: 'abdullah', password: PASSWORD }));
  return {
    call,
    login,
    /** On a machine that is busy a login may need a second try. */
    async signIn() {
      let answer = await login();
      await until(async () => {
        if (answer.status !== 200) answer = await login();
        return answer.status === 200;
      });
      return answer;
    },
    post: (url: string, refresh_token: string) => call({ method: 'POST', url, payload: { refresh_token } }),
    use: (token: string) => call({ url: '/protected', headers: { authorization: `Bearer ${token}` } }),
    tokensOf: ({ body }: { body: unknown }) => body as { access_token: string; refresh_token: string },
  };
}

async function until(condition: () => Promise<boolean>, timeoutMs = 20_000): Promise<void> {
  const giveUpAt = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > giveUpAt) throw new Error(`not within ${timeoutMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
