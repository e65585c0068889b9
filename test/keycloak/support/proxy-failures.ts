import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Failure } from './failures.ts';
import type { Lab } from './lab.ts';

interface Onward {
  /** Headers of the request that are set; `undefined`: taken out. */
  readonly headers?: Record<string, string | undefined>;
  readonly path?: string;
}
type Proxy = (incoming: IncomingMessage, outgoing: ServerResponse, pass: (onward?: Onward) => void) => void;

/** Something in front of Keycloak. It ends with the process. */
async function standInFront(lab: Lab, proxy: Proxy): Promise<string> {
  const server = createServer((incoming, outgoing) => {
    proxy(incoming, outgoing, ({ headers = {}, path = incoming.url } = {}) => {
      const all = Object.entries({ ...incoming.headers, ...headers });
      const sent = Object.fromEntries(all.filter(([, value]) => value !== undefined));
      const onward = request(
        lab.url + path,
        { method: incoming.method, headers: sent as never },
        (answer) => {
          outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
          answer.pipe(outgoing);
        },
      );
      onward.on('error', () => outgoing.destroy());
      incoming.pipe(onward);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  server.unref();
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Passes all on but what fits, which it answers with a page. */
const pageAt =
  (pattern: RegExp, status: number, text: string, headers: Record<string, string> = {}): Proxy =>
  (incoming, outgoing, pass) => {
    if (!pattern.test(incoming.url ?? '')) return pass();
    outgoing.writeHead(status, { 'content-type': 'text/html', server: 'nginx', ...headers });
    outgoing.end(`<html><body><center><h1>${text}</h1></center></body></html>`);
  };

const behind =
  (proxy: Proxy, admin = false) =>
  async (lab: Lab) => ({
    admin,
    settings: { KEYCLOAK_SERVER_URL: await standInFront(lab, proxy) },
  });

/** A second realm stands for a second Keycloak: every other call for the keys goes to it. */
function everyOther(): Proxy {
  let count = 0;
  return ({ url = '' }, _, pass) =>
    pass(/\/certs$/.test(url) && count++ % 2 === 1 ? { path: url.replace('doctor-lab', 'master') } : {});
}

/** What answers in Keycloak's place, or changes what is said. */
export const PROXY_FAILURES: readonly Failure[] = [
  {
    name: 'proxy-takes-authorization-away',
    check: 'login.userinfo',
    cause: /asked without one, so something on the way takes the Authorization header away/,
    fix: /pass the Authorization header on/,
    break: behind((_in, _out, pass) => pass({ headers: { authorization: undefined } })),
  },
  {
    name: 'proxy-takes-authorization-away, seen by an admin',
    check: 'admin.rights',
    cause: /something on the way takes the Authorization header away/,
    fix: /pass the Authorization header on/,
    break: behind((_in, _out, pass) => pass({ headers: { authorization: undefined } }), true),
  },
  {
    name: 'proxy-adds-an-origin',
    check: 'client.password-grant',
    cause: /adds an Origin header/,
    fix: /sets Origin/,
    break: behind((_in, _out, pass) => pass({ headers: { origin: 'https://portal.example.com' } })),
  },
  {
    name: 'proxy-keeps-introspection-back',
    check: 'client.introspection',
    cause: /something in front of Keycloak .* answers .*\/introspect itself \(HTTP 403\).*'nginx'/,
    fix: /pass .*\/introspect on to Keycloak/,
    break: behind(pageAt(/introspect/, 403, '403 Forbidden')),
  },
  {
    name: 'proxy-does-not-know-userinfo',
    check: 'login.userinfo',
    cause: /something in front of Keycloak .* answers .*\/userinfo itself \(HTTP 404\)/,
    fix: /pass .*\/userinfo on to Keycloak/,
    break: behind(pageAt(/userinfo/, 404, '404 Not Found')),
  },
  {
    name: 'proxy-keeps-keys-back',
    check: 'keys.signing',
    cause: /keys of the realm cannot be read: something in front of Keycloak/,
    fix: /pass .*\/certs on/,
    break: behind(pageAt(/\/certs/, 403, '403 Forbidden')),
  },
  {
    name: 'proxy-limits-logins',
    check: 'client.password-grant',
    cause: /limits the calls.*\(HTTP 429\)/,
    fix: /Raise the limit/,
    break: behind(pageAt(/\/token$/, 429, '429 Too Many Requests')),
  },
  {
    name: 'proxy-shows-a-login-of-its-own',
    check: 'client.password-grant',
    cause: /with a page of its own \(HTTP 200\).*Company sign-in/,
    fix: /pass .*\/token on to Keycloak/,
    break: behind(pageAt(/\/token$/, 200, 'Company sign-in')),
  },
  {
    name: 'proxy-wants-a-password-of-its-own',
    check: 'address.keycloak',
    cause: /wants a login of its own \(Basic\)/,
    fix: /out of what the proxy protects/,
    break: behind(pageAt(/./, 401, '401', { 'www-authenticate': 'Basic realm="staff"' })),
  },
  {
    name: 'proxy-sends-all-to-a-login',
    check: 'address.keycloak',
    cause: /sends calls of .* elsewhere \(http:\/\/127\.0\.0\.1:9\/oauth2\/start\)/,
    fix: /pass .* on to Keycloak/,
    break: behind(pageAt(/./, 302, '', { location: 'http://127.0.0.1:9/oauth2/start?rd=x' })),
  },
  {
    name: 'proxy-keeps-the-admin-out',
    check: 'admin.rights',
    cause: /keeps calls of the admin from it \(HTTP 403\)/,
    fix: /inner address/,
    break: behind(pageAt(/^\/admin\//, 403, '403 Forbidden'), true),
  },
  {
    name: 'proxy-does-not-reach-the-login-page',
    check: 'client.browser-login',
    cause: /\/auth itself \(HTTP 503\): it does not reach Keycloak/,
    fix: /proxy's log/,
    break: behind(pageAt(/\/auth\?/, 503, '503 Service Unavailable')),
  },
  {
    name: 'proxy-takes-short-headers',
    check: 'login.userinfo',
    cause: /takes shorter headers than the access token is/,
    fix: /large_client_header_buffers/,
    break: behind(pageAt(/userinfo/, 400, '400 Request Header Or Cookie Too Large')),
  },
  {
    name: 'proxy-loses-the-host',
    check: 'issuer.hostname',
    status: 'warn',
    cause: /names itself http:\/\/keycloak:8080/,
    fix: /KC_PROXY_HEADERS=xforwarded/,
    break: behind((_in, _out, pass) => pass({ headers: { host: 'keycloak:8080' } })),
  },
  {
    name: 'two-keycloaks-behind-one-name',
    check: 'keys.signing',
    cause: /is several Keycloaks that do not share their keys/,
    fix: /one cluster: the same database/,
    break: behind(everyOther()),
  },
];
