import { call } from '../../../keycloak/call.ts';
import { toWords } from '../../../keycloak/page.ts';
import { type Check, fail, ok, skipped } from '../../check.ts';

const NO_URL = 'no running service was named (--url)';

export const serviceAlive: Check = {
  id: 'service.alive',
  needs: [],
  async run({ options }) {
    if (options.serviceUrl === undefined) return skipped(NO_URL);
    const answer = await call(`${options.serviceUrl}/health/live`, {}, 5_000);
    if (answer.json?.status === 'alive')
      return ok(`${options.serviceUrl} answers (${Math.round(answer.tookMs)} ms)`);
    if (answer.status === 404) return skipped('no /health/live: an API of your own');
    if (answer.status === 0) {
      return fail(
        toWords(answer),
        `nothing answers at ${options.serviceUrl}`,
        'Start the service (npm start), or correct --url. In a container the service must listen on HOST=0.0.0.0.',
      );
    }
    return fail(
      toWords(answer),
      `something answers at ${options.serviceUrl}, but it is not this service`,
      'Correct --url, or look which program has the port.',
    );
  },
};

export const serviceReady: Check = {
  id: 'service.ready',
  needs: ['service.alive'],
  async run({ options }) {
    const answer = await call(`${options.serviceUrl}/health/ready`, {}, 10_000);
    if (answer.status === 200) return ok('ready');
    return fail(
      `HTTP ${answer.status} ${answer.text.slice(0, 200)}`,
      'the service runs, but is not ready: it has no keys of Keycloak',
      'Look at the checks above. If they are well, the service was started with other settings: look at its environment and at the folder it was started in, and start it again.',
    );
  },
};

export const serviceGuard: Check = {
  id: 'service.guard',
  needs: [],
  async run({ options }) {
    if (options.serviceUrl === undefined) return skipped(NO_URL);
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
  },
};
