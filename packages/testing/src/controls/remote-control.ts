import type { FastifyInstance } from 'fastify';
import type { DevIdp, DevRealm } from '../dev-idp.ts';
import { jsonTextOf, parseJsonTexts } from '../http/bodies.ts';
import { isSameSecret } from '../realm/password.ts';
import type { RealmRepresentation } from '../realm/representation.ts';

/** Controls of a realm that another process may call. */
const OF_REALM = [
  ...['issueToken', 'rotateKeys', 'sessionsOf', 'endSession', 'logoutUser', 'disableUser', 'enableUser'],
  ...['addUser', 'removeUser', 'addClient', 'addOrganization'],
  ...['updateUser', 'updateClient', 'updateRealm', 'unlockUsers'],
  ...['answerSlowly', 'answerWithError', 'answerGarbage', 'answerNormally'],
] as const satisfies readonly (keyof DevRealm)[];

/** Controls of the whole provider that another process may call. */
const OF_ALL = [
  'advanceClock',
  'now',
  'addRealm',
  'removeRealm',
  'resetRequests',
] as const satisfies readonly (keyof DevIdp)[];

type Asynchronous<T, Name extends keyof T> = {
  readonly [One in Name]: T[One] extends (...args: infer Args) => infer Result
    ? (...args: Args) => Promise<Awaited<Result>>
    : never;
};

/** The controls of a realm of a provider in another process. */
export type RemoteRealm = Asynchronous<DevRealm, (typeof OF_REALM)[number]>;

/** The controls of a provider in another process: all but those of the process itself, and the keys. */
export interface RemoteIdp
  extends RemoteRealm,
    Asynchronous<DevIdp, Exclude<(typeof OF_ALL)[number], 'addRealm'>> {
  /** The controls of another realm, which is made at the first call if there is a template. */
  inRealm(name: string): RemoteRealm;
  /** Adds a realm, in the format of a realm file: one for each worker of a test runner, for example. */
  addRealm(realm: RealmRepresentation): Promise<RemoteRealm>;
}

const PATH = '/keycloak-guard/control';
const LEAST_LENGTH = 16;

/** @throws {TypeError} for a token that could be guessed @throws {Error} in production */
export function assertControlToken(token: string | undefined, isProduction: boolean): void {
  if (token === undefined) return;
  if (isProduction) throw new Error('startDevIdp: refused, "controlToken" is never for production');
  if (typeof token !== 'string' || token.length < LEAST_LENGTH)
    throw new TypeError(
      `startDevIdp: "controlToken" must have ${LEAST_LENGTH} characters or more, at random`,
    );
}

/**
 * What JSON does not have: `undefined`, which takes a claim away (a test would get a good token where it wants a bad one), and
 * numbers that are not finite.
 */
const BESIDE_JSON = [undefined, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN] as const;

const toSendable = (_: string, value: unknown): unknown =>
  BESIDE_JSON.some((one) => Object.is(one, value)) ? { '@type': String(value) } : value;

function fromSendable(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(fromSendable);
  const at = BESIDE_JSON.map(String).indexOf((value as Record<string, string>)['@type'] ?? '');
  if (at !== -1) return BESIDE_JSON[at];
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, fromSendable(one)]));
}

interface Call {
  readonly realm?: string;
  readonly name: string;
  readonly args: unknown[];
}

/** The endpoint by which another process, which has the token, calls the controls. */
export function addRemoteControl(app: FastifyInstance, token: string, idp: () => DevIdp): void {
  app.register(async (scope) => {
    parseJsonTexts(scope);
    scope.post(PATH, { config: { isControl: true } }, async (request, reply) => {
      if (!isSameSecret(request.headers.authorization ?? '', `Bearer ${token}`))
        return reply.code(401).send({ error: 'the token of the provider is needed' });
      try {
        const asked = fromSendable(JSON.parse(jsonTextOf(request))) as Partial<Call> | null;
        const result = await call(idp(), asked);
        return reply.send({ result });
      } catch (error) {
        return reply.code(400).send({ error: (error as Error).message });
      }
    });
  });
}

async function call(idp: DevIdp, asked: Partial<Call> | null): Promise<unknown> {
  const { realm, name = '', args } = asked ?? {};
  if (!Array.isArray(args)) throw new TypeError('a call has a name and a list of arguments');
  const isOfRealm = (OF_REALM as readonly string[]).includes(name);
  if (!isOfRealm && !(OF_ALL as readonly string[]).includes(name))
    throw new TypeError(`there is no control '${name}'`);
  const target = isOfRealm && realm !== undefined ? idp.inRealm(realm) : idp;
  const control = target[name as keyof typeof target] as (...args: unknown[]) => unknown;
  const result = await control(...args);
  // A realm cannot be sent: the other process has its name.
  return name === 'addRealm' ? undefined : result;
}

/**
 * The controls of a provider that runs in another process, such as that of Playwright's `webServer`.
 *
 * @param options its address, and the token that it was started with: the option `controlToken`, or `DEV_IDP_CONTROL_TOKEN` for
 *   `keycloak-guard dev`
 * @throws {TypeError} each control rejects with one: what the provider says is wrong, or that it cannot be reached
 * @example
 * const idp = connectDevIdp({ url: 'http://localhost:8080', controlToken: process.env.DEV_IDP_CONTROL_TOKEN ?? '' });
 * await idp.addUser({ username: 'ann', realmRoles: ['admin'] });
 * await idp.disableUser('ann');
 */
export function connectDevIdp({ url, controlToken }: { url: string; controlToken: string }): RemoteIdp {
  const address = url.replace(/\/+$/, '') + PATH;

  async function send(realm: string | undefined, name: string, args: unknown[]): Promise<unknown> {
    const response = await fetch(address, {
      method: 'POST',
      headers: { authorization: `Bearer ${controlToken}`, 'content-type': 'application/json' },
      body: JSON.stringify({ realm, name, args }, toSendable),
      redirect: 'error',
    }).catch((cause: unknown) => {
      throw new TypeError(`${name}: no provider answers at ${url}`, { cause });
    });
    const answer = (await response.json().catch(() => ({}))) as { result?: unknown; error?: string };
    if (response.ok) return answer.result;
    const hint = response.status === 404 ? 'it was started without a control token' : answer.error;
    const why = hint ?? `the provider answers ${response.status}`;
    throw new TypeError(why.startsWith(`${name}: `) ? why : `${name}: ${why}`);
  }
  const callsOf = (names: readonly string[], realm?: string) =>
    Object.fromEntries(names.map((name) => [name, (...args: unknown[]) => send(realm, name, args)]));
  const inRealm = (name: string) => callsOf(OF_REALM, name) as unknown as RemoteRealm;

  return {
    ...(callsOf([...OF_REALM, ...OF_ALL]) as unknown as RemoteIdp),
    inRealm,
    async addRealm(realm) {
      await send(undefined, 'addRealm', [realm]);
      return inRealm(realm.realm);
    },
  };
}
