import type { TestContext } from 'node:test';
import {
  createEngine,
  type FetchReply,
  type FetchRequest,
  fetchHost,
} from '../../packages/guard/src/adapters/engine/internal.ts';
import type { Notice } from '../../packages/guard/src/core/index.ts';
import { createTestRealm, type TestRealm } from '../support/test-realm.ts';

export const SERVER = 'https://sso.example.com';

export interface Answer {
  readonly status: number;
  readonly tenant?: string | undefined;
  readonly body?: string | undefined;
  readonly headers?: Headers | undefined;
}

/** Realms of any servers, made when they are named, and an application with a directory of tenants, which are told apart by host. */
export function startTenants(
  t: TestContext,
  get: (name: string) => unknown,
  { more = {} as Record<string, unknown>, tenants = {} as Record<string, unknown> } = {},
) {
  const realms = new Map<string, TestRealm>();
  const calls: string[] = [];
  const sent: { readonly url: string; readonly body: string }[] = [];
  const notices: Notice[] = [];
  const denied: string[] = [];
  const lookups: string[] = [];
  const realmOf = (name: string, serverUrl = SERVER): TestRealm => {
    const key = `${serverUrl}/realms/${name}`;
    const known = realms.get(key);
    if (known !== undefined) return known;
    const realm = createTestRealm({ realm: name, serverUrl });
    realm.advance(passed);
    realms.set(key, realm);
    return realm;
  };
  let passed = 0;
  const { clock } = realmOf('first');
  /** The same time passes everywhere. */
  function advance(seconds: number): void {
    passed += seconds;
    for (const realm of realms.values()) realm.advance(seconds);
  }
  const fetch = (async (input: string | URL | Request, init?: RequestInit) => {
    const url = String(input instanceof Request ? input.url : input);
    calls.push(url);
    sent.push({ url, body: `${init?.body ?? ''} ${JSON.stringify([...new Headers(init?.headers)])}` });
    const [, server = '', name = ''] = /^(https?:\/\/[^/]+)\/realms\/([^/]+)\//.exec(url) ?? [];
    const realm = realms.get(`${server}/realms/${name}`);
    return realm?.fetch(input, init) ?? Response.json({ error: 'Realm does not exist' }, { status: 404 });
  }) as typeof globalThis.fetch;
  const options = {
    ...{ serverUrl: SERVER, clientId: 'my-api', tokenCheck: 'local', fetch, clock, logRefusals: false },
    onNotice: (notice: Notice) => void notices.push(notice),
    onDenied: (_request: unknown, { code }: { code: string }) => void denied.push(code),
    tenants: {
      ...(!('ofIssuer' in tenants) && { of: ({ hostname }: { hostname: string }) => hostname }),
      get: (name: string) => {
        lookups.push(name);
        return get(name);
      },
      ...tenants,
    },
    ...more,
  };
  const host = { factory: 'keycloak', ...fetchHost };
  const door = createEngine<FetchRequest, FetchReply>(options as never, host);
  const guard = door.guard({});
  const optional = door.guard({ optional: true });
  t.after(() => door.close());
  const requestOf = (name: string, token?: string, headers: Record<string, string> = {}) =>
    new Request(`http://${name}/`, {
      headers: { ...(token !== undefined && { authorization: `Bearer ${token}` }), ...headers },
    });
  /** How the application answers a token at a tenant; without one, whoever comes is let in. */
  async function enter(name: string, token?: string, headers?: Record<string, string>): Promise<Answer> {
    const request = requestOf(name, token, headers);
    try {
      const principal = await (token === undefined ? optional : guard).decide(request, {});
      return { status: 200, tenant: principal?.tenant };
    } catch (error) {
      const refusal = door.refusalOf(error, request);
      if (refusal === undefined) return { status: 500 };
      const { status, body, headers: sentBack } = refusal;
      return { status, body, headers: new Headers(sentBack) };
    }
  }
  /** Whether the guard decides without a promise. */
  const isAtOnce = (name: string, token: string): boolean =>
    !(guard.decide(requestOf(name, token), {}) instanceof Promise);
  return { door, calls, sent, notices, denied, lookups, realmOf, enter, isAtOnce, requestOf, advance };
}

/** A promise that is settled by hand. */
export function createPending<T>() {
  let resolve!: (value: T) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<T>((take, fail) => {
    resolve = take;
    reject = fail;
  });
  return { promise, resolve, reject };
}

/** Lets everything go on that waits for no timer. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
}
