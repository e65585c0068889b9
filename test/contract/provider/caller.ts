import assert from 'node:assert/strict';
import type { TestRealm } from './target.ts';

export const GUIDE = { client_id: 'fastapi-keycloak', client_secret: 'for-development-only' };
export const OTHER = { client_id: 'other-service', client_secret: 'for-development-only-too' };
export const LIGHT = { client_id: 'lightweight-service', client_secret: 'for-development-only-as-well' };
export const WEB = { client_id: 'web-app' };
export const PASSWORD = 'Test#123456';
export const ABDULLAH = { username: 'abdullah', password: PASSWORD };
export const CALLBACK = 'http://localhost:8000/callback';

export type Fields = Record<string, string>;
export type Json = Record<string, unknown>;
export type Tokens = Record<'access_token' | 'refresh_token' | 'id_token' | 'session_state', string>;

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly json: Json;
}

/** What a client can ask a realm. */
export function createCaller({ issuer }: TestRealm) {
  const base = `${issuer}/protocol/openid-connect`;
  const call = async (path: string, init: RequestInit = {}): Promise<Answer> => {
    const answer = await fetch(/^https?:/.test(path) ? path : base + path, { redirect: 'manual', ...init });
    const text = await answer.text();
    let json: Json = {};
    if (answer.headers.get('content-type')?.startsWith('application/json') && text !== '') {
      json = JSON.parse(text) as Json;
    }
    return { status: answer.status, headers: answer.headers, text, json };
  };
  const post = (path: string, fields: Fields | string, headers: Fields = {}) =>
    call(path, {
      method: 'POST',
      body: new URLSearchParams(fields),
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    });
  const token = (fields: Fields | string, headers?: Fields) => post('/token', fields, headers);
  const passwordGrant = (fields: Fields = {}, headers?: Fields) =>
    token({ ...GUIDE, grant_type: 'password', ...ABDULLAH, ...fields }, headers);
  const login = async (fields: Fields = {}): Promise<Tokens> => {
    const answer = await passwordGrant({ scope: 'openid', ...fields });
    assert.equal(answer.status, 200, answer.text);
    return answer.json as Tokens;
  };
  return {
    issuer,
    base,
    call,
    post,
    token,
    passwordGrant,
    login,
    refresh: (refreshToken: string, fields: Fields = {}) =>
      token({ ...GUIDE, grant_type: 'refresh_token', refresh_token: refreshToken, ...fields }),
    userinfo: (accessToken: string, headers: Fields = {}) =>
      call('/userinfo', { headers: { authorization: `Bearer ${accessToken}`, ...headers } }),
    introspect: (tokenText: string, fields: Fields = {}) =>
      post('/token/introspect', { ...GUIDE, token: tokenText, ...fields }),
    authorize: (fields: Fields, headers: Fields = {}) =>
      call(`/auth?${new URLSearchParams(fields)}`, { headers }),
  };
}

export type Caller = ReturnType<typeof createCaller>;

export function claimsOf(token: string): Json {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Json;
}

export function headerOf(token: string): Json {
  return JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()) as Json;
}

export function assertFault(answer: Answer, status: number, error: string, description?: string): void {
  const body = { error, ...(description === undefined ? {} : { error_description: description }) };
  assert.deepEqual({ status: answer.status, body: answer.json }, { status, body });
  assert.equal(answer.headers.get('content-type'), 'application/json');
}

/** A refusal of userinfo: an empty body, and the reason in the header. */
export function assertChallenge(answer: Answer, realm: string, status: number, rest = ''): void {
  assert.deepEqual(
    { status: answer.status, body: answer.text, header: answer.headers.get('www-authenticate') },
    { status, body: '', header: `Bearer realm="${realm}"${rest}` },
  );
}

export const invalidToken = (description: string) =>
  `, error="invalid_token", error_description="${description}"`;

/** What a page tells a person. */
export function pageText({ text }: Answer): string {
  return text
    .replace(/<(script|style)[\s\S]*?<\/\1>/g, ' ')
    .replace(/<!--[\s\S]*?-->/g, ' ')
    .replace(/<[^>]*>/g, ' ')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replace(/\s+/g, ' ');
}

export const sorted = (value: unknown): string[] => ([value ?? []].flat() as string[]).toSorted();
