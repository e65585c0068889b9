import { call, toExcerpt, toForm, toWords } from '../../keycloak/call.ts';
import { check, fail, ok, skipped, warn } from '../check.ts';

const serviceAlive = check('service.alive', [], async ({ options }) => {
  if (options.serviceUrl === undefined) return skipped('the running application is not checked (--running)');
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
        `HTTP ${answer.status} ${toExcerpt(answer.text)}`,
        `the service runs, but is not ready: ${lacks}`,
        fix,
      );
});

/** With a refresh token of nobody: it asks Keycloak with the settings that it was started with, and no secret is sent. */
const serviceClient = check('service.client', ['service.alive'], async ({ options }) => {
  const answer = await call(`${options.serviceUrl}/refresh`, toForm({ refresh_token: 'doctor' }), 10_000);
  if (answer.status === 401) return ok('Keycloak takes the running service as its client');
  if (answer.status === 404) return skipped('no /refresh: an API of your own');
  return fail(
    toWords(answer),
    'the running service cannot call Keycloak as its client: no login works',
    'Restart it if the checks above pass: it was started with other settings, as an older secret. Its log has the reason.',
  );
});

export const SERVICE_CHECKS = [serviceAlive, serviceClient, serviceReady];
