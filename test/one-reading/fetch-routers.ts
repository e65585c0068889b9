import { Elysia } from 'elysia';
import { H3 } from 'h3';

type FetchRouter = (request: Request) => Response | Promise<Response>;

/** A router by hand: what follows the host, as `read` takes it out of `request.url`. */
const byHand =
  (read: (url: string) => string): FetchRouter =>
  (request) => {
    let path = '';
    try {
      path = read(request.url);
    } catch {}
    return new Response(`ran:${/^\/(admin|mcp)(?:\/|$)/.exec(path)?.[1] ?? 'public'}`);
  };

const byPattern: FetchRouter = (request) => {
  const matches = (area: string) =>
    [`/${area}`, `/${area}/*`].some((pathname) => new URLPattern({ pathname }).test(request.url));
  return new Response(`ran:${['admin', 'mcp'].find(matches) ?? 'public'}`);
};

const show = (name: string) => () => `ran:${name}`;
const h3 = new H3();
// By default it looks for the path behind the eleventh character: `http://ab/x/admin` would be `/admin`.
const elysia = new Elysia({ aot: mayCompile(), handler: { standardHostname: false } });
for (const area of ['admin', 'mcp']) {
  h3.all(`/${area}`, show(area)).all(`/${area}/**`, show(area));
  elysia.all(`/${area}`, show(area)).all(`/${area}/*`, show(area));
}
h3.all('/orders/:id', show('orders')).all('/**', show('public'));
elysia.all('/orders/:id', show('orders')).all('/*', show('public'));

/** What people put behind a guard of `keycloak-guard/fetch`, on every runtime. */
export const FETCH_ROUTERS: Readonly<Record<string, FetchRouter>> = {
  URL: byHand((url) => new URL(url).pathname),
  'what follows the host': byHand((url) => url.replace(/^\w+:\/\/[^/]*/, '').split('?')[0] ?? ''),
  decoded: byHand((url) => decodeURIComponent(new URL(url).pathname)),
  /** Node.js has it from 24 on. */
  URLPattern: byPattern,
  H3: (request) => h3.fetch(request),
  Elysia: (request) => elysia.handle(request),
};

/** Workers may make no code. */
function mayCompile(): boolean {
  try {
    return new Function('return true')();
  } catch {
    return false;
  }
}
