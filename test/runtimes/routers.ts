// Routers behind a path enforcer or the guard of an MCP server, as they run on every runtime. A header says which.
import { Hono } from 'hono';
import { LinearRouter } from 'hono/router/linear-router';
import { keycloak as forFetch } from 'keycloak-guard/fetch';
import { keycloak as forHono } from 'keycloak-guard/hono';
import { FETCH_ROUTERS } from '../one-reading/fetch-routers.ts';

type App = (request: Request) => Response | Promise<Response>;
/** What is in front of the router. */
type Front = 'none' | 'paths' | 'mcp';

/** `GET /admin` is for nobody, and Keycloak is not asked: no method but one that is not sent has a rule. */
const config = {
  paths: [
    { path: '/admin/*', name: 'admin', methods: [{ method: 'DELETE', scopes: ['view'] }] },
    { path: '/*', 'enforcement-mode': 'DISABLED' },
  ],
} as const;
const mcp = { url: 'https://tools.example.com/mcp' };

type Settings = Parameters<typeof forHono>[0] & { clientSecret: string };

function honoApp(settings: Settings, options: ConstructorParameters<typeof Hono>[0], front: Front): App {
  const app = new Hono(options);
  if (front !== 'none') {
    const kc = forHono(settings);
    kc.permissions();
    app.use(...(front === 'mcp' ? [kc.mcp(mcp)] : [kc.guard(), kc.pathEnforcer({ config })]));
  }
  for (const area of ['admin', 'mcp'])
    for (const path of [`/${area}`, `/${area}/*`]) app.all(path, (c) => c.text(`ran:${area}`));
  app.all('/*', (c) => c.text('ran:public'));
  return (request) => app.fetch(request);
}

function fetchApp(settings: Settings, router: App, front: Front): App {
  if (front === 'none') return router;
  const kc = forFetch({ ...settings, permissions: {} } as never);
  if (front === 'paths')
    return kc.guard(
      {},
      kc.pathEnforcer({ config }, (request) => router(request)),
    );
  const server = kc.mcp(mcp, () => new Response('ran:mcp'));
  return async (request) => {
    const answer = await server(request);
    return answer.status === 404 ? router(request) : answer;
  };
}

/** A router keeps its routes: each app has its own. */
const HONO: Readonly<Record<string, () => ConstructorParameters<typeof Hono>[0]>> = {
  Hono: () => ({}),
  'Hono, not strict': () => ({ strict: false }),
  'Hono, linear router': () => ({ router: new LinearRouter() }),
};

/** Names of the routers, by adapter. */
export const ROUTERS = {
  hono: Object.keys(HONO),
  fetch: Object.keys(FETCH_ROUTERS),
};
const FRONTS: readonly Front[] = ['none', 'paths', 'mcp'];

/** @returns the app that a request names in `x-router` and `x-front` */
export function createRouters(settings: Settings): (request: Request) => App | undefined {
  const apps = new Map<string, App>();
  for (const front of FRONTS) {
    for (const [name, toOptions] of Object.entries(HONO))
      apps.set(`${name} ${front}`, honoApp(settings, toOptions(), front));
    for (const [name, router] of Object.entries(FETCH_ROUTERS))
      apps.set(`${name} ${front}`, fetchApp(settings, router, front));
  }
  return ({ headers }) => apps.get(`${headers.get('x-router')} ${headers.get('x-front')}`);
}
