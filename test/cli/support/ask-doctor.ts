import { type Check, type CheckResult, runChecks } from '../../../packages/cli/src/doctor/check.ts';
import type { DoctorContext } from '../../../packages/cli/src/doctor/context.ts';

// What a check of the doctor says of answers that need no Keycloak.

export const UNKNOWN_USER = { error: 'invalid_grant', error_description: 'Invalid user credentials' };
export const CALLER = {
  realm: 'shop',
  clientId: 'api',
  serverUrl: 'https://sso.shop.test',
  timeoutMs: 1000,
};

export function answer(status: number, json?: object, headers: Record<string, string> = {}) {
  const text = json === undefined ? '' : JSON.stringify(json);
  const all = new Headers({ 'x-content-type-options': 'nosniff', ...headers });
  return { url: 'https://sso.shop.test/', status, json, text, headers: all, tookMs: 1, arrivedAt: 0 };
}

/** An answer with a text that is no JSON. */
export const page = (status: number, text: string, type = 'text/html') => ({
  ...answer(status, undefined, { 'content-type': type }),
  text,
});

export const refused = (error: string, error_description: string, status = 401) =>
  answer(status, { error, error_description });

/** A token that nobody signed: what the doctor reads of its claims. */
export const tokenOf = (claims: object): string =>
  [{ alg: 'none' }, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.') +
  '.x';

/** The result of one check, whatever it rests on. */
export async function askDoctor(
  checks: readonly Check[],
  id: string,
  { reach = {}, options = {}, ...more }: { reach?: object; options?: object } & Record<string, unknown> = {},
) {
  const context = {
    options: { appUrl: 'https://app.shop.test', ...options },
    reach: {
      caller: CALLER,
      config: { events: true },
      shape: async () => 'guide',
      realm: { discovery: async () => answer(200, { issuer: 'https://sso.shop.test/realms/shop' }) },
      calls: { baseUrl: 'https://sso.shop.test/realms/shop' },
      login: null,
      admin: null,
      ...reach,
    },
    assumed: [],
    close: async () => {},
    ...more,
  };
  const alone = checks.filter((one) => one.id === id).map((one) => ({ ...one, needs: [] }));
  const [result] = await runChecks(alone, context as unknown as DoctorContext);
  if (result === undefined) throw new Error(`there is no check ${id}`);
  return result;
}

/** Its status, and its cause or what was seen. */
export async function say(...args: Parameters<typeof askDoctor>): Promise<string> {
  return toWords(await askDoctor(...args));
}

const toWords = ({ status, cause, seen }: CheckResult) => `${status} ${cause || seen}`;

export const NOW = Math.floor(Date.now() / 1000);
export const FULL = {
  ...{
    iat: NOW,
    exp: NOW + 300,
    sub: 'u',
    azp: 'api',
    aud: 'api',
    preferred_username: 'anna',
    email: 'a@b.c',
  },
  ...{ realm_access: { roles: ['user'] }, acr: '1', scope: 'openid' },
};
export const LIGHT = { iat: NOW, exp: NOW + 300, azp: 'api', scope: 'openid' };
export const stale = (description: string, status = 401) =>
  answer(status, undefined, {
    'www-authenticate': `Bearer realm="shop", error="invalid_token", error_description="${description}"`,
  });
export const STALE = stale('Token verification failed');

/** A login with a token of these claims, and answers of Keycloak to it. */
export function loginWith(claims: object, more: Record<string, unknown> = {}) {
  const token = tokenOf(claims);
  const given = {
    login: answer(200, { access_token: token, refresh_token: 'r' }),
    userinfo: answer(200, { sub: 'u' }),
    introspection: answer(200, { active: true }),
    refresh: answer(200, { access_token: 'x' }),
    logout: answer(204),
    userinfoAfterLogout: answer(401),
    ...more,
  };
  const asked = Object.entries(given).map(([name, value]) => [name, async () => value]);
  return { ...Object.fromEntries(asked), token: async () => token };
}

/** Checks of a login with a token of these claims: the result of one, and its words. */
export function aboutLogin(checks: readonly Check[]) {
  const ask = (id: string, claims: object, answers: object = {}, more: object = {}) =>
    askDoctor(checks, id, {
      reach: {
        login: loginWith(claims, answers as Record<string, unknown>),
        client: { clientCredentials: async () => answer(401) },
        ...more,
      },
    });
  return { ask, words: async (...args: Parameters<typeof ask>) => toWords(await ask(...args)) };
}
