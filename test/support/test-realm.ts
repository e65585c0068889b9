import { randomUUID } from 'node:crypto';
import {
  createVerifier,
  type Notice,
  type Verifier,
  type VerifierOptions,
} from '../../packages/guard/src/core/index.ts';
import { createTestKey, type Part, signCompact, type TestKey } from './signing-keys.ts';

export type Endpoint = 'discovery' | 'jwks' | 'userinfo' | 'introspection';

/** How an endpoint answers. */
export type Answer =
  | 'normal'
  | 'down' // connection refused
  | 'slow' // no answer until released or timed out
  | 'error' // 500
  | 'html' // 200, a page of a proxy
  | 'half' // the connection breaks in the middle of the body
  | 'empty' // 200, no body
  | 'huge' // 200, a body without end
  | 'missing' // 404
  | 'redirect'; // 302 to another host

type IntrospectionAnswer = Record<string, unknown> | { status: number; body: unknown };

export interface TestRealm {
  readonly serverUrl: string;
  readonly realm: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly issuer: string;
  /** Keys in the JWKS, the encryption key first. Change it to rotate. */
  keys: TestKey[];
  /** The key tokens are signed with. */
  signer: TestKey;
  /** Endpoints that do not answer as they should. */
  readonly answers: Record<Endpoint, Answer>;
  setAll(answer: Answer): void;
  /** Lets everything that is `slow` go on. */
  release(): void;
  readonly calls: Record<Endpoint, number>;
  /** URLs that were asked for and are none of the realm's. */
  readonly strayCalls: string[];
  /** The last request to each endpoint. */
  readonly requests: Partial<Record<Endpoint, Request>>;
  readonly fetch: typeof fetch;
  /** Unit: milliseconds. */
  readonly clock: () => number;
  advance(seconds: number): void;
  readonly now: number;
  /** What introspection says: by default `active` for every token that names the client in `aud`. */
  introspect: (token: string) => IntrospectionAnswer | Promise<IntrospectionAnswer>;
  userinfo: (token: string) => { status: number; body?: unknown; challenge?: string };
  /** Overwrites the discovery document or the JWKS. */
  discovery: Record<string, unknown>;
  jwks: (() => unknown) | undefined;
  claims(changes?: Record<string, unknown>): Record<string, unknown>;
  /** A token as Keycloak makes it, with the changes. A claim set to `undefined` is left out. */
  mint(changes?: Record<string, unknown>, how?: MintOptions): string;
  readonly notices: Notice[];
  verifier(options?: Partial<VerifierOptions>): Verifier;
}

export interface MintOptions {
  readonly key?: TestKey;
  /** Merged into the header; `undefined` leaves a member out. */
  readonly header?: Record<string, unknown>;
  /** Instead of the claims. */
  readonly payload?: Part;
}

const SUBJECT = '0b5ad5d4-6f0e-4a3c-9d61-1f0c8a4be001';

/** One RSA key for a test process: making one takes longer than most tests. */
let rsaKey: TestKey | undefined;
let encryptionKey: TestKey | undefined;
export const rsa = (): TestKey => {
  rsaKey ??= createTestKey('RS256', { kid: 'rsa-1' });
  return rsaKey;
};
export const encryption = (): TestKey => {
  encryptionKey ??= createTestKey('RSA-OAEP', { kid: 'enc-1', use: 'enc' });
  return encryptionKey;
};

/**
 * A Keycloak realm in memory: keys of its own, any token, good or bad, an injected `fetch` that can fail in every
 * way a network can, and a clock that stands still until it is moved. No network.
 */
export function createTestRealm(
  options: { serverUrl?: string; realm?: string; clientId?: string; issuer?: string; keys?: TestKey[] } = {},
): TestRealm {
  const serverUrl = options.serverUrl ?? 'https://sso.example.com';
  const realm = options.realm ?? 'testing';
  const clientId = options.clientId ?? 'my-api';
  const baseUrl = `${serverUrl}/realms/${realm}`;
  const issuer = options.issuer ?? baseUrl;
  const keys = options.keys ?? [createTestKey('ES256')];
  const held = new Set<() => void>();
  let now = Date.UTC(2026, 0, 15, 12);

  const urls: Record<string, Endpoint> = {
    [`${baseUrl}/.well-known/openid-configuration`]: 'discovery',
    [`${baseUrl}/protocol/openid-connect/certs`]: 'jwks',
    [`${baseUrl}/protocol/openid-connect/userinfo`]: 'userinfo',
    [`${baseUrl}/protocol/openid-connect/token/introspect`]: 'introspection',
  };

  const self: TestRealm = {
    serverUrl,
    realm,
    clientId,
    clientSecret: 'a-secret',
    issuer,
    keys,
    signer: keys.find((key) => key.use === 'sig') as TestKey,
    answers: { discovery: 'normal', jwks: 'normal', userinfo: 'normal', introspection: 'normal' },
    setAll(answer) {
      for (const endpoint of Object.keys(self.answers)) self.answers[endpoint as Endpoint] = answer;
    },
    release() {
      for (const go of held) go();
      held.clear();
    },
    calls: { discovery: 0, jwks: 0, userinfo: 0, introspection: 0 },
    strayCalls: [],
    requests: {},
    clock: () => now,
    advance(seconds) {
      now += seconds * 1000;
    },
    get now() {
      return now / 1000;
    },
    introspect: (token) => ({ active: hasAudience(token, clientId) }),
    userinfo(token) {
      const { sub = SUBJECT, preferred_username } = claimsOf(token);
      if (claimsOf(token).sub !== undefined || preferred_username !== undefined)
        return { status: 200, body: { sub } };
      const description = 'Lightweight access token not allowed for userinfo endpoint';
      return { status: 401, challenge: `Bearer error="invalid_token", error_description="${description}"` };
    },
    discovery: {
      issuer,
      // As in a container: addresses for browsers, which this process must not call.
      token_endpoint: 'https://public.invalid/token',
      jwks_uri: 'https://public.invalid/certs',
      userinfo_endpoint: 'https://public.invalid/userinfo',
      introspection_endpoint: 'https://public.invalid/introspect',
    },
    jwks: undefined,
    fetch: (async (input: string | URL, init?: RequestInit) => {
      const request = new Request(input, init);
      const endpoint = urls[request.url];
      if (endpoint === undefined) {
        self.strayCalls.push(request.url);
        throw new TypeError('fetch failed', { cause: { code: 'ENOTFOUND' } });
      }
      self.calls[endpoint]++;
      self.requests[endpoint] = request;
      const answer = self.answers[endpoint];
      if (answer === 'slow') await hold(init?.signal ?? undefined);
      return answer === 'normal' || answer === 'slow' ? respond(endpoint, request) : fail(answer);
    }) as typeof fetch,
    claims: (changes = {}) => ({
      exp: self.now + 300,
      iat: self.now,
      jti: randomUUID(),
      iss: issuer,
      aud: [clientId, 'account'],
      sub: SUBJECT,
      typ: 'Bearer',
      azp: 'web-app',
      sid: randomUUID(),
      acr: '1',
      'allowed-origins': ['http://localhost:8000'],
      realm_access: { roles: ['user', 'offline_access'] },
      resource_access: { [clientId]: { roles: ['reader'] }, account: { roles: ['view-profile'] } },
      scope: 'openid profile email',
      email_verified: true,
      name: 'Abdullah Alqahtani',
      preferred_username: 'abdullah',
      email: 'abdullah@example.com',
      groups: ['/staff/dev'],
      ...changes,
    }),
    mint(changes = {}, how = {}) {
      const key = how.key ?? self.signer;
      const header = { alg: key.alg, typ: 'JWT', kid: key.kid, ...how.header };
      return signCompact(header, how.payload ?? self.claims(changes), key.privateKey, key.alg);
    },
    notices: [],
    verifier: (more = {}) =>
      createVerifier({
        serverUrl,
        realm,
        clientId,
        clientSecret: self.clientSecret,
        clock: self.clock,
        fetch: self.fetch,
        onNotice: (notice) => self.notices.push(notice),
        ...more,
      }),
  };

  function hold(signal: AbortSignal | undefined): Promise<void> {
    // A timeout signal does not keep the process alive.
    const alive = setInterval(() => {}, 1_000);
    return new Promise<void>((resolve, reject) => {
      held.add(resolve);
      signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
    }).finally(() => clearInterval(alive));
  }

  async function respond(endpoint: Endpoint, request: Request): Promise<Response> {
    switch (endpoint) {
      case 'discovery':
        return Response.json(self.discovery);
      case 'jwks':
        return Response.json(self.jwks?.() ?? { keys: self.keys.map((key) => key.jwk) });
      case 'userinfo': {
        const { status, body, challenge } = self.userinfo(bearerOf(request));
        const headers = challenge === undefined ? {} : { 'www-authenticate': challenge };
        return new Response(body === undefined ? null : toBody(body), { status, headers });
      }
      case 'introspection': {
        const token = new URLSearchParams(await request.clone().text()).get('token') as string;
        const said = await self.introspect(token);
        return typeof said.status === 'number'
          ? new Response(toBody(said.body), { status: said.status })
          : Response.json(said);
      }
    }
  }
  return self;
}

const toBody = (body: unknown) => (typeof body === 'string' ? body : JSON.stringify(body));
const bearerOf = (request: Request) =>
  (request.headers.get('authorization') as string).slice('Bearer '.length);

export function claimsOf(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[1] as string, 'base64url').toString());
}

function hasAudience(token: string, clientId: string): boolean {
  return [claimsOf(token).aud].flat().includes(clientId);
}

function fail(answer: Exclude<Answer, 'normal' | 'slow'>): Response {
  switch (answer) {
    case 'down':
      throw new TypeError('fetch failed', { cause: { code: 'ECONNREFUSED' } });
    case 'error':
      return Response.json({ error: 'unknown_error' }, { status: 500 });
    case 'html':
      return new Response('<!doctype html><title>Sign in to the network</title>', {
        headers: { 'content-type': 'text/html' },
      });
    case 'empty':
      return new Response(null, { status: 200 });
    case 'missing':
      return Response.json({ error: 'Realm does not exist' }, { status: 404 });
    case 'redirect':
      return new Response(null, { status: 302, headers: { location: 'https://attacker.example.com/' } });
    case 'half':
      return new Response(
        new ReadableStream({
          start(controller) {
            controller.enqueue(new TextEncoder().encode('{"keys":[{"kid":'));
            controller.error(new TypeError('terminated', { cause: { code: 'UND_ERR_SOCKET' } }));
          },
        }),
      );
    case 'huge':
      return new Response(
        new ReadableStream({
          pull: (controller) => controller.enqueue(new Uint8Array(64 * 1024).fill(32)),
        }),
      );
  }
}

/** A realm, and a verifier that has its keys and no timer. */
export async function startLoaded(
  options: Partial<VerifierOptions> = {},
  realmOptions: Parameters<typeof createTestRealm>[0] = {},
): Promise<{ realm: TestRealm; verifier: Verifier }> {
  const realm = createTestRealm(realmOptions);
  const verifier = realm.verifier(options);
  await verifier.load();
  await verifier.close();
  return { realm, verifier };
}
