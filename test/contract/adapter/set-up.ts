import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { createTestRealm, type TestRealm } from '../../support/test-realm.ts';
import { type Adapter, type Given, startApp } from './adapter.ts';

/**
 * An app of the contract, for a realm in memory.
 *
 * @param prepare what becomes of the realm before the app asks it
 */
export async function setUp(
  t: TestContext,
  adapter: Adapter,
  more: Partial<Given> = {},
  prepare: (realm: TestRealm) => void = () => {},
) {
  const realm = createTestRealm();
  prepare(realm);
  const { serverUrl, realm: name, clientId, fetch, clock } = realm;
  const app = await startApp(t, adapter, {
    keycloak: { serverUrl, realm: name, clientId, fetch, clock, onNotice: false },
    ...more,
  });
  const call = app.fetch ?? globalThis.fetch;
  const get = (path: string, token?: string, init: RequestInit = {}) =>
    call(`${app.url}${path}`, {
      ...init,
      redirect: 'manual',
      headers: { ...(token === undefined ? {} : { authorization: `Bearer ${token}` }), ...init.headers },
    });
  return { realm, app, get };
}

export const BARE = 'Bearer';
export const invalid = (description: string) =>
  `Bearer error="invalid_token", error_description="${description}"`;
export const NOT_VALID = invalid('The access token is not valid');
export const EXPIRED = invalid('The access token expired');

/** Status, challenge and body, exactly. */
export async function assertRefused(
  answer: Response,
  status: number,
  challenge: string | null,
  detail: string,
) {
  assert.deepEqual(
    [answer.status, answer.headers.get('www-authenticate'), await answer.text()],
    [status, challenge, JSON.stringify({ detail })],
  );
  assert.match(answer.headers.get('content-type') ?? '', /^application\/json/);
}

export async function assertUser(answer: Response, username: string | null = 'abdullah'): Promise<void> {
  assert.deepEqual([answer.status, await answer.json()], [200, { username }]);
}

/** For tests of what a framework has. */
export function without({ lacks }: Pick<Adapter, 'lacks'>, what: NonNullable<Adapter['lacks']>[number]) {
  return { skip: lacks?.includes(what) ? `it has no ${what}` : false };
}

/** A server of Node's, and one of Fetch. */
export const WHOLE = ['express 5', 'fetch'];

/**
 * For tests of what is behind all adapters alike: two of them show it. The others show that a request is read, an answer written, an
 * error handed on and a stream not held up, by the tests without this mark.
 */
export function ofEngine(adapter: Pick<Adapter, 'name' | 'lacks'>) {
  return WHOLE.includes(adapter.name)
    ? without(adapter, 'inProcess')
    : { skip: `${WHOLE.join(' and ')} show it` };
}
