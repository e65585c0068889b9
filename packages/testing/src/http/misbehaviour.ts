import type { FastifyReply } from 'fastify';

/** The endpoints, which count requests and can be made to fail one by one. */
export const ENDPOINTS = [
  'realm',
  'discovery',
  'jwks',
  'authorization',
  'registration',
  'protection',
  'device',
  'status',
  'account',
  'login',
  'token',
  'userinfo',
  'introspection',
  'revocation',
  'logout',
  'other',
] as const;

/**
 * An endpoint of the provider. `login` is the login page's form, `registration` registers clients,
 * `protection` is the protection API of authorization services, `status` the frames of keycloak-js, `account` the user's own
 * profile, `other` everything else.
 */
export type Endpoint = (typeof ENDPOINTS)[number];

/** How an endpoint misbehaves. */
type Mood = { kind: 'slow'; delayMs: number } | { kind: 'error'; statusCode: number } | { kind: 'garbage' };

export type Misbehaviour = ReturnType<typeof createMisbehaviour>;

export function createMisbehaviour() {
  let everywhere: Mood | undefined;
  const at = new Map<Endpoint, Mood>();
  const waiting = new Set<() => void>();

  return {
    /** Sets the mood of one endpoint, or of all of them. @throws {TypeError} where the mood would do nothing */
    set(mood: Mood, endpoint?: Endpoint): void {
      if (endpoint !== undefined && !ENDPOINTS.includes(endpoint))
        throw new TypeError(`there is no endpoint '${endpoint}': ${ENDPOINTS.join(', ')}`);
      if (mood.kind === 'slow' && !(mood.delayMs >= 0))
        throw new TypeError(`'${mood.delayMs}' is no number of milliseconds`);
      if (mood.kind === 'error' && !(mood.statusCode >= 200 && mood.statusCode <= 599))
        throw new TypeError(`'${mood.statusCode}' is no status of an answer`);
      if (endpoint === undefined) everywhere = mood;
      else at.set(endpoint, mood);
    },
    /** Makes everything work again. Delayed answers are sent. */
    clear(): void {
      everywhere = undefined;
      at.clear();
      for (const release of waiting) release();
    },
    /** Applies the mood before an endpoint answers. */
    async apply(endpoint: Endpoint, reply: FastifyReply): Promise<unknown> {
      const mood = at.get(endpoint) ?? everywhere;
      if (mood === undefined) return;
      if (mood.kind === 'slow') return wait(mood.delayMs, waiting);
      if (mood.kind === 'error') return reply.code(mood.statusCode).send({ error: 'unknown_error' });
      return reply.code(200).type('application/json').send('<!doctype html>{"keys": [}');
    },
  };
}

/** Waits until the time is over or `clear` is called. */
function wait(delayMs: number, waiting: Set<() => void>): Promise<void> {
  return new Promise((resolve) => {
    const timer = Number.isFinite(delayMs) ? setTimeout(() => release(), delayMs) : undefined;
    const release = () => {
      clearTimeout(timer);
      waiting.delete(release);
      resolve();
    };
    waiting.add(release);
  });
}
