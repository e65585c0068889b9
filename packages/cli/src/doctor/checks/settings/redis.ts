import { openRedis } from 'keycloak-guard/redis';
import { check, fail, ok, skipped } from '../../check.ts';

const WAIT_MS = 3_000;

/** Whether the Redis is there that the replicas share. The address may hold a password, so it is not shown. */
export const settingsRedis = check('settings.redis', ['settings.valid'], async ({ reach }) => {
  const url = reach.config.redisUrl;
  if (url === undefined) return skipped('REDIS_URL is not set');
  const { hostname, port } = new URL(url);
  const where = `${hostname}:${port || 6379}`;
  let why = 'it does not answer';
  const connection = openRedis({
    url,
    timeoutMs: WAIT_MS,
    onNotice: ({ message }) => {
      why = message;
    },
  });
  let stop = () => {};
  try {
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(reject, WAIT_MS, new Error(why));
      const forget = connection.onReady(resolve);
      stop = () => {
        clearTimeout(timer);
        forget();
      };
    });
    await connection.run((client) => client.ping());
    return ok(`Redis answers at ${where}`);
  } catch (error) {
    if (why === 'it does not answer') why = (error as Error).message;
    return fail(
      why,
      `Redis does not work at ${where}, so replicas do not hear of one another's logouts: ${why}`,
      'Start it, or correct REDIS_URL: host, port, user and password, rediss:// with TLS.',
    );
  } finally {
    stop();
    connection.close();
  }
});
