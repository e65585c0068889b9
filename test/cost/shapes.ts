import { createHash } from 'node:crypto';
import type { TestKey } from '../support/signing-keys.ts';
import type { TestRealm } from '../support/test-realm.ts';

/** One request, as it is written to the socket. */
export interface Sent {
  readonly method?: 'GET' | 'POST';
  /** Default `/guarded`. */
  readonly target?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Requests that anybody can send, to make a process work or keep something. */
export interface Shape {
  readonly name: string;
  /** `MARK` in it becomes another text in each request, of the same length. */
  readonly sent: Sent;
  /** Default: every application. */
  readonly on?: 'adapters' | 'service';
}

/** Stands for the number of a request. */
export const MARK = '00000000';
/** A guarded route of the applications. */
export const GUARDED = '/guarded';
/** Of the sessions of each application. */
export const SECRET = 'b7f3c1d95e0a4826b7f3c1d95e0a4826';
/** Node takes 16 KiB of headers in all. */
const MOST = 15_000;
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const JSON_TYPE = { 'content-type': 'application/json' };

/** A text again and again, to about 15 KB. */
const fill = (text: string, length = MOST): string => text.repeat(Math.floor(length / text.length));

/** Stands for its base64url, which whoever sends it makes, so that a mark within is another one in each request. */
const encoded = (part: object | string): string =>
  `<<${typeof part === 'string' ? part : JSON.stringify(part)}>>`;
/** A token that looks good up to its signature: 64 bytes, as those of ES256 have. */
const unsigned = (header: object | string, payload: object | string): string =>
  `${encoded(header)}.${encoded(payload)}.${MARK}${'A'.repeat(78)}`;

/** @param own a key of the attacker's */
export function createShapes(realm: TestRealm, own: TestKey): readonly Shape[] {
  const now = Math.floor(Date.now() / 1000);
  const payload = (more: object = {}) => realm.claims({ exp: now + 36_000, iat: now, jti: MARK, ...more });
  const header = { alg: realm.signer.alg, typ: 'JWT', kid: realm.signer.kid };
  const bearer = (token: string, headers: Sent['headers'] = {}): Sent => ({
    headers: { authorization: `Bearer ${token}`, ...headers },
  });
  const cookies = (cookie: string, target = '/guarded'): Sent => ({ target, headers: { cookie } });
  const post = (target: string, body: string, headers: Sent['headers'] = FORM): Sent => ({
    ...{ method: 'POST', target, headers, body },
  });
  const deep = (open: string, close: string, times = 3_600) => `${open.repeat(times)}1${close.repeat(times)}`;
  // The header of what the application has sealed for the attacker itself.
  const kid = createHash('sha256').update(`key id ${SECRET}`).digest('base64url').slice(0, 8);
  const sealed = `${encoded({ alg: 'dir', enc: 'A256GCM', kid })}..${'A'.repeat(16)}.${'A'.repeat(600)}.${'A'.repeat(22)}`;
  const logout = {
    ...{ iss: realm.issuer, aud: realm.clientId, iat: now, exp: now + 36_000, jti: MARK, sid: MARK },
    ...{ typ: 'Logout', events: { 'http://schemas.openid.net/event/backchannel-logout': {} } },
  };
  const { kty, crv, x, y } = own.jwk as Record<string, string>;
  const proof = (more: object = {}) =>
    unsigned(
      { alg: own.alg, typ: 'dpop+jwt', jwk: { kty, crv, x, y } },
      { jti: MARK, htm: 'GET', htu: 'http://localhost/guarded', iat: now, ath: 'A'.repeat(43), ...more },
    );
  const many = Object.fromEntries(Array.from({ length: 900 }, (_, i) => [`a${i}`, i]));
  const SESSION = `session-${realm.clientId}`;

  return [
    // Paths.
    { name: 'path: broken escapes', sent: { target: `/${MARK}${fill('%ff')}` } },
    { name: 'path: needless escapes', sent: { target: `/${MARK}${fill('%41')}` } },
    { name: 'path: escapes below a route', sent: { target: `/guarded/${fill('%ff')}` } },
    { name: 'path: broken segments', sent: { target: `/${MARK}/${fill('%ff/')}` } },
    { name: 'path: slashes', sent: { target: `/guarded${fill('/')}` } },
    { name: 'path: dot segments', sent: { target: `/guarded${fill('/..')}/guarded` } },
    { name: 'path: escaped dot segments', sent: { target: `/guarded${fill('/%2e%2e')}` } },
    { name: 'path: semicolons', sent: { target: `/guarded${fill(';a=b')}` } },
    { name: 'path: a long parameter', sent: { target: `/orgs/${MARK}${fill('%C3%9F')}` }, on: 'adapters' },
    { name: 'path: an absolute target', sent: { target: `http://localhost/guarded${fill('?')}` } },
    // Queries.
    { name: 'query: broken escapes', sent: { target: `/guarded?${fill('a=%ff&')}` } },
    { name: 'query: names alone', sent: { target: `/guarded?${fill('a&')}` } },
    { name: 'query: brackets', sent: { target: `/guarded?a${fill('[a]')}=1` } },
    { name: 'login: broken escapes', sent: { target: `/auth/login?${fill('a=%ff&')}` } },
    { name: 'login: one name again and again', sent: { target: `/auth/login?${fill('login_hint=a&')}` } },
    { name: 'login: a long return path', sent: { target: `/auth/login?return_to=/${fill('%2F')}` } },
    { name: 'login: a return path of escapes', sent: { target: `/auth/login?return_to=/${fill('%25ff')}` } },
    { name: 'login: plus signs', sent: { target: `/auth/login?return_to=/${fill('+')}` } },
    {
      name: 'login: tickets of nobody',
      sent: cookies(
        Array.from(
          { length: 18 },
          (_, i) => `${SESSION}-login-${String(i).padStart(12, 'a')}=${sealed}`,
        ).join('; '),
        '/auth/login',
      ),
    },
    {
      name: 'callback: a state that nobody made',
      sent: { target: `/auth/callback?state=${MARK}${'s'.repeat(35)}&code=${fill('c')}` },
    },
    { name: 'callback: broken escapes', sent: { target: `/auth/callback?state=${MARK}&${fill('a=%ff&')}` } },
    { name: 'callback: many states', sent: { target: `/auth/callback?${fill('state=a&')}` } },
    // Cookies.
    { name: 'cookies: many', sent: cookies(fill('a=1; ')) },
    { name: 'cookies: blanks', sent: cookies(`${SESSION}=a${fill(' ')}b`) },
    { name: 'cookies: blanks around names', sent: cookies(fill('a \t = \t b ; ')) },
    { name: 'cookies: semicolons', sent: cookies(fill(';')) },
    { name: 'cookies: a long session', sent: cookies(`${SESSION}=${MARK}${fill('A')}`) },
    { name: 'cookies: a session of dots', sent: cookies(`${SESSION}=${MARK}${fill('.')}`) },
    { name: 'cookies: many sessions', sent: cookies(fill(`${SESSION}=a.b; `)) },
    { name: 'cookies: names that almost fit', sent: cookies(fill(`x${SESSION}=a; `)) },
    { name: 'cookies: broken chunks', sent: cookies(fill(`${SESSION}.${MARK}=%zz; `)) },
    { name: 'cookies: broken escapes', sent: cookies(`${SESSION}=${fill('%ff')}`) },
    {
      name: 'cookies: logins of broken escapes',
      sent: cookies(fill(`${SESSION}-login-a=%ff; `), '/auth/login'),
    },
    // Hosts and what proxies add.
    { name: 'host: a long name', sent: { headers: { host: fill('a.') } } },
    {
      name: 'host: at the login',
      sent: { target: '/auth/login', headers: { host: `${MARK}.${fill('a.')}` } },
    },
    { name: 'host: escapes', sent: { target: '/auth/login', headers: { host: fill('%41') } } },
    { name: 'X-Forwarded-Host: a list', sent: { headers: { 'x-forwarded-host': fill('a.example, ') } } },
    { name: 'X-Forwarded-For: a list', sent: { headers: { 'x-forwarded-for': fill('192.0.2.1, ') } } },
    {
      name: 'X-Forwarded-Proto: a list',
      sent: { target: '/auth/login', headers: { 'x-forwarded-proto': fill('https,') } },
    },
    { name: 'Accept: a list', sent: { headers: { accept: fill('text/html;q=0.1,') } } },
    {
      name: 'Origin: long',
      sent: post('/auth/logout', '', { origin: `http://${fill('a')}`, cookie: `${SESSION}=a.b` }),
    },
    // Authorization.
    { name: 'Authorization: dots', sent: bearer(`${MARK}${fill('.')}`) },
    { name: 'Authorization: one long part', sent: bearer(`${MARK}${fill('a')}`) },
    {
      name: 'Authorization: three long parts',
      sent: bearer(`${MARK}${fill('A', 5_000)}.${fill('A', 5_000)}.${fill('A', 4_000)}`),
    },
    { name: 'Authorization: blanks', sent: { headers: { authorization: `Bearer${fill(' ')}a` } } },
    { name: 'Authorization: commas', sent: { headers: { authorization: `Bearer ${fill('a,')}` } } },
    { name: 'Authorization: Basic', sent: { headers: { authorization: `Basic ${MARK}${fill('QQ')}` } } },
    { name: 'token: a forged signature', sent: bearer(unsigned(header, payload())) },
    {
      name: 'token: long, with a forged signature',
      sent: bearer(unsigned(header, payload({ a: fill('a', 10_000) }))),
    },
    { name: 'token: made-up claims', sent: bearer(unsigned(header, many)) },
    { name: 'token: an unknown key', sent: bearer(unsigned({ ...header, kid: MARK }, payload())) },
    { name: 'token: a long key id', sent: bearer(unsigned({ ...header, kid: fill('k', 8_000) }, payload())) },
    {
      name: 'token: another issuer',
      sent: bearer(unsigned(header, payload({ iss: `https://${MARK}.example/realms/a` }))),
    },
    { name: 'token: alg none', sent: bearer(`${encoded({ alg: 'none' })}.${encoded(payload())}.`) },
    {
      name: 'token: a long alg',
      sent: bearer(unsigned({ ...header, alg: fill('RS256', 8_000) }, payload())),
    },
    { name: 'token: HS256', sent: bearer(unsigned({ ...header, alg: 'HS256' }, payload())) },
    { name: 'token: a deep header', sent: bearer(unsigned(deep('[', ']'), payload())) },
    {
      name: 'token: a deep header of objects',
      sent: bearer(unsigned(`{"alg":"ES256","a":${deep('{"a":', '}', 1_200)}}`, payload())),
    },
    { name: 'token: a deep payload', sent: bearer(unsigned(header, deep('[', ']'))) },
    { name: 'token: five parts', sent: bearer(`${MARK}.${fill('A', 5_000)}.A.${fill('A', 5_000)}.A`) },
    // DPoP.
    {
      name: 'DPoP: a proof for a forged token',
      sent: { headers: { authorization: `DPoP ${unsigned(header, payload())}`, dpop: proof() } },
    },
    {
      name: 'DPoP: a long proof',
      sent: {
        headers: {
          authorization: `DPoP ${unsigned(header, payload())}`,
          dpop: proof({ a: fill('a', 8_000) }),
        },
      },
    },
    {
      name: 'DPoP: a deep proof',
      sent: {
        headers: {
          authorization: `DPoP ${unsigned(header, payload())}`,
          dpop: unsigned(header, deep('[', ']', 2_500)),
        },
      },
    },
    { name: 'DPoP: dots', sent: { headers: { authorization: 'DPoP a.b.c', dpop: fill('.') } } },
    // Messages of Keycloak, and forms.
    {
      name: 'logout token: a forged signature',
      sent: post('/backchannel-logout', `logout_token=${unsigned({ ...header, typ: 'logout+jwt' }, logout)}`),
    },
    {
      name: 'logout token: an unknown key',
      sent: post(
        '/backchannel-logout',
        `logout_token=${unsigned({ ...header, kid: MARK, typ: 'logout+jwt' }, logout)}`,
      ),
    },
    {
      name: 'logout token: another issuer',
      sent: post(
        '/backchannel-logout',
        `logout_token=${unsigned(header, { ...logout, iss: `https://${MARK}.example` })}`,
      ),
    },
    { name: 'logout token: dots', sent: post('/backchannel-logout', `logout_token=${fill('.')}`) },
    { name: 'logout token: again and again', sent: post('/backchannel-logout', fill('logout_token=a&')) },
    { name: 'logout token: a form of broken escapes', sent: post('/backchannel-logout', fill('a=%ff&')) },
    {
      name: 'logout token: a deep payload',
      sent: post('/backchannel-logout', `logout_token=${unsigned(header, deep('[', ']'))}`),
    },
    {
      name: 'sign-out: many sessions of broken escapes',
      sent: post('/auth/logout', '', {
        cookie: Array.from({ length: 600 }, (_, i) => `${SESSION}=%z${i}`).join('; '),
        'sec-fetch-site': 'same-origin',
      }),
    },
    {
      name: 'sign-out: many sessions',
      sent: post('/auth/logout', '', {
        cookie: Array.from({ length: 600 }, (_, i) => `${SESSION}=a.${i}`).join('; '),
        'sec-fetch-site': 'same-origin',
      }),
    },
    {
      name: 'sign-out: many sessions with a signature',
      sent: post('/auth/logout', '', {
        cookie: Array.from(
          { length: 140 },
          (_, i) => `${SESSION}=${String(i).padStart(43, 'a')}.${'A'.repeat(43)}`,
        ).join('; '),
        'sec-fetch-site': 'same-origin',
      }),
    },
    { name: 'sign-out: a form of broken escapes', sent: post('/auth/logout', fill('a=%ff&')) },
    // The service's own routes.
    { name: 'POST /login: many fields', sent: post('/login', fill('a=b&')), on: 'service' },
    { name: 'POST /login: broken escapes', sent: post('/login', fill('a=%ff&')), on: 'service' },
    { name: 'POST /login: deep JSON', sent: post('/login', deep('[', ']'), JSON_TYPE), on: 'service' },
    {
      name: 'POST /login: many members',
      sent: post('/login', JSON.stringify(many), JSON_TYPE),
      on: 'service',
    },
    {
      name: 'POST /login: parts',
      sent: post(
        '/login',
        `${fill('--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n\r\n')}--b--\r\n`,
        { 'content-type': 'multipart/form-data; boundary=b' },
      ),
      on: 'service',
    },
    {
      name: 'POST /login: a long content type',
      sent: post('/login', 'a', { 'content-type': `application/json;${fill(' a="b";', 8_000)}` }),
      on: 'service',
    },
    {
      name: 'POST /refresh: a long token',
      sent: post('/refresh', `refresh_token=${fill('.')}`),
      on: 'service',
    },
    { name: 'a request id: long', sent: { headers: { 'x-request-id': fill('a') } }, on: 'service' },
    { name: 'traceparent: long', sent: { headers: { traceparent: fill('00-') } }, on: 'service' },
  ];
}
