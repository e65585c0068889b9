// The same app by both adapters, under /fetch and under /hono, as it runs on every runtime.
import { type Context, Hono } from 'hono';
import { keycloak as forFetch, type GuardOptions } from 'keycloak-guard/fetch';
import { keycloak as forHono } from 'keycloak-guard/hono';

const settings = {
  serverUrl: process.env.KEYCLOAK_SERVER_URL as string,
  realm: 'testing',
  clientId: 'fastapi-keycloak',
  clientSecret: 'for-development-only',
  recheckSeconds: 2,
};
const session = (adapter: string) => ({
  secret: 'b7f3c1d95e0a4826b7f3c1d95e0a4826',
  publicUrl: 'http://localhost:8000',
  prefix: `/${adapter}/auth`,
});

/** What is guarded, and by what. */
const ROUTES: Readonly<Record<string, GuardOptions>> = {
  '/guarded': {},
  '/admin': { realmRole: 'admin' },
  '/scoped': { scope: 'orders:read' },
  '/optional': { optional: true },
};

function createFetchApp(): (request: Request) => Promise<Response> {
  const kc = forFetch({
    ...settings,
    session: session('fetch'),
    backchannelLogout: { path: '/fetch/backchannel-logout' },
  });
  const handlers: Record<string, (request: Request) => Response | Promise<Response>> = {
    '/open': () => Response.json({ open: true }),
    '/stream': kc.guard({}, () => new Response(tenLines())),
  };
  for (const [path, requirements] of Object.entries(ROUTES)) {
    handlers[path] = kc.guard(requirements, (_request, { principal }) =>
      Response.json({ username: principal?.username ?? null }),
    );
  }
  return async (request) => {
    const path = new URL(request.url).pathname.slice('/fetch'.length);
    return (
      (await kc.handle(request)) ?? handlers[path]?.(request) ?? new Response('Not Found', { status: 404 })
    );
  };
}

function createHonoApp(): Hono {
  const kc = forHono(settings);
  const app = new Hono().basePath('/hono');
  app.use(kc.session(session('hono')));
  app.use(kc.backchannelLogout({ path: '/hono/backchannel-logout' }));
  app.get('/open', (c) => c.json({ open: true }));
  app.get('/stream', kc.guard(), (c) => c.body(tenLines()));
  const whoami = (c: Context) => c.json({ username: c.var.principal?.username ?? null });
  for (const [path, requirements] of Object.entries(ROUTES)) app.all(path, kc.guard(requirements), whoami);
  return app;
}

function tenLines(): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let line = 0;
  return new ReadableStream({
    async pull(controller) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      controller.enqueue(encoder.encode(`${line}\n`));
      if (++line === 10) controller.close();
    },
  });
}

const fetchApp = createFetchApp();
const honoApp = createHonoApp();

export const app = (request: Request): Response | Promise<Response> =>
  new URL(request.url).pathname.startsWith('/hono/') ? honoApp.fetch(request) : fetchApp(request);
