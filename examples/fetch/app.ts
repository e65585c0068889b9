// A small API for every server that speaks `Request` and `Response`: links that people shorten, and who followed them.
// Bun: `export default buildApp(…)`; Deno: `Deno.serve(buildApp(…).fetch)`; Node.js: `@hono/node-server` or `srvx`.
import { type KeycloakOptions, keycloak } from 'keycloak-guard/fetch';

interface Link {
  readonly owner: string | null;
  readonly to: string;
  followed: number;
}

export interface App {
  fetch(request: Request): Promise<Response>;
}

export function buildApp(options: KeycloakOptions): App {
  const kc = keycloak(options);
  const links = new Map<string, Link>();

  const shorten = kc.guard({ realmRole: 'user' }, async (request, { principal }) => {
    const to = await request.text();
    if (!/^https?:\/\//.test(to) || !URL.canParse(to)) {
      return Response.json({ detail: 'A link leads to an http URL' }, { status: 422 });
    }
    const short = `/${(links.size + 1).toString(36)}`;
    links.set(short, { owner: principal.subject, to, followed: 0 });
    return Response.json({ short }, { status: 201 });
  });
  const mine = kc.guard({}, (_request, { principal }) =>
    Response.json([...links.values()].filter(({ owner }) => owner !== null && owner === principal.subject)),
  );
  const all = kc.guard({ realmRole: 'admin' }, () => Response.json([...links.values()]));

  return {
    async fetch(request) {
      // Login, callback, session, logout, and Keycloak's messages.
      const answer = await kc.handle(request);
      if (answer !== undefined) return answer;
      const { pathname } = new URL(request.url);
      if (pathname === '/links') return request.method === 'POST' ? shorten(request) : mine(request);
      if (pathname === '/all-links') return all(request);
      const link = links.get(pathname);
      if (link === undefined) return new Response('Not Found', { status: 404 });
      link.followed++;
      return Response.redirect(link.to);
    },
  };
}
