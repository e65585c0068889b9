import { call, toForm, toWords } from '../../keycloak/call.ts';
import { check, type Finding, fail, ok, skipped, warn } from '../check.ts';
import type { Reach } from '../context.ts';

const NOT_RUNNING = 'the running application is not checked (--running)';

const serviceAlive = check('service.alive', [], async ({ options }) => {
  if (options.serviceUrl === undefined) return skipped(NOT_RUNNING);
  const answer = await call(`${options.serviceUrl}/health/live`, {}, 5_000);
  if (answer.json?.status === 'alive')
    return ok(`${options.serviceUrl} answers (${Math.round(answer.tookMs)} ms)`);
  if (answer.status === 404) return skipped('no /health/live: an API of your own');
  if (answer.status === 0)
    return fail(
      toWords(answer),
      `nothing answers at ${options.serviceUrl}`,
      'Start the service (npm start), or correct --running. In a container the service must listen on HOST=0.0.0.0.',
    );
  return fail(
    toWords(answer),
    `something answers at ${options.serviceUrl}, but it is not this service`,
    'Correct --running, or look which program has the port.',
  );
});

const serviceReady = check('service.ready', ['service.alive'], async ({ options }) => {
  const answer = await call(`${options.serviceUrl}/health/ready`, {}, 10_000);
  const { checks } = answer.json ?? {};
  const parts = typeof checks === 'object' && checks !== null ? Object.entries(checks) : [];
  const bad = parts.flatMap(([name, part]: [string, { ok?: unknown; detail?: unknown } | null]) =>
    part?.ok === false ? [`${name}: ${part.detail}`] : [],
  );
  if (answer.status === 200 && bad.length === 0) return ok('ready');
  const lacks = bad.join('; ') || 'it does not say why';
  const fix =
    'Look at the checks above. If they pass, the service was started with other settings: look at its environment and its folder, and start it again.';
  return answer.status === 200
    ? warn(`ready, but ${lacks}`, `the service answers, but not all that it needs is there: ${lacks}`, fix)
    : fail(
        `HTTP ${answer.status} ${answer.text.slice(0, 200)}`,
        `the service runs, but is not ready: ${lacks}`,
        fix,
      );
});

const serviceGuard = check('service.guard', [], async ({ options }) => {
  if (options.serviceUrl === undefined) return skipped(NOT_RUNNING);
  const answer = await call(`${options.serviceUrl}/protected`, {}, 10_000);
  if (answer.status === 0) return skipped('nothing answers');
  const challenge = answer.headers.get('www-authenticate') ?? '';
  if (answer.status === 401 && /^Bearer/i.test(challenge)) return ok('401 without a token');
  if (answer.status === 404) return skipped('it has no route /protected');
  return fail(
    toWords(answer),
    '/protected without a token is not answered with 401 and WWW-Authenticate: Bearer',
    'Is something in front of the service that answers for it, or that takes headers away?',
  );
});

const serviceLogin = check(
  'service.login',
  ['service.ready', 'login.password'],
  async ({ options, reach }) => {
    const answer = await call(
      `${options.serviceUrl}/login`,
      toForm({ username: options.username, password: options.password }),
      15_000,
    );
    const token = answer.json?.access_token;
    if (answer.status === 404) return skipped('it has no route /login');
    if (typeof token !== 'string')
      return fail(
        `HTTP ${answer.status} ${answer.text.slice(0, 160)}`,
        'the same user logs in at Keycloak, but not at the service: it runs with other settings, or an old secret',
        'Look at the log of the service (it names cause and fix), and start it again.',
      );
    const ask = () =>
      call(`${options.serviceUrl}/protected`, { headers: { authorization: `Bearer ${token}` } }, 15_000);
    const userinfo = await ask();
    const refreshToken = answer.json?.refresh_token;
    if (typeof refreshToken === 'string') {
      const logout = await reach.calls.logout(refreshToken);
      if (userinfo.status === 200 && logout.status === 204 && (await ask()).status === 200)
        return logoutNotReported(options.appUrl, reach);
    }
    if (userinfo.status === 200)
      return ok(
        `/login and /protected answer 200 (${Math.round(answer.tookMs)} ms, ${Math.round(userinfo.tookMs)} ms)`,
      );
    return fail(
      `/login 200, /protected ${toWords(userinfo)}`,
      'the service does not accept the token it has just got',
      'Look at the log of the service at LOG_LEVEL=debug, and at the checks login.token and mappers.audience above.',
    );
  },
);

/** Keycloak notifies the service before it answers the logout; a recheck comes later. */
function logoutNotReported(appUrl: string, { caller, config }: Reach): Finding {
  return warn(
    '/login and /protected answer 200, and /protected still does right after the logout',
    `logouts are not reported to the service: a token stays valid there until it is rechecked (at most ${config.recheckSeconds} s). No backchannel logout URL is set, or Keycloak does not reach the service by it`,
    `Clients > ${caller.clientId} > Settings > Logout settings > Backchannel logout URL = ${appUrl}/backchannel-logout, as Keycloak reaches it (from a container not localhost); Keycloak's log says why a call failed`,
    [],
  );
}

export const SERVICE_CHECKS = [serviceAlive, serviceReady, serviceGuard, serviceLogin];
