// A small app on Node's own server: a clock for everybody, one's own profile, and a page for people.
import { createServer, type Server } from 'node:http';
import { type KeycloakOptions, keycloak } from 'keycloak-guard/node';

export function buildServer(options: KeycloakOptions, sessionSecret: string): Server {
  const kc = keycloak(options);
  const session = kc.session({ secret: sessionSecret });
  const logout = kc.backchannelLogout();

  const profile = kc.guard({}, ({ principal }, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ name: principal.name, roles: principal.realmRoles }));
  });
  const restart = kc.guard({ realmRole: 'admin' }, (_request, response) => response.end('restarted'));
  const home = kc.guard({ optional: true }, ({ principal }, response) => {
    response.setHeader('content-type', 'text/html; charset=utf-8');
    response.end(
      principal === undefined
        ? '<a href="/auth/login?return_to=/profile">Sign in</a>'
        : '<form method="post" action="/auth/logout"><button>Sign out</button></form>',
    );
  });
  const routes: Readonly<Record<string, typeof home>> = {
    'GET /': home,
    'GET /profile': profile,
    'GET /time': (_request, response) => response.end(new Date().toISOString()),
    'POST /restart': restart,
  };

  return createServer((request, response) =>
    // Each answers its own paths, and lets all else through.
    session(request, response, () =>
      logout(request, response, () => {
        const [path = '/'] = (request.url ?? '/').split('?');
        const route = routes[`${request.method} ${path}`];
        if (route !== undefined) return route(request, response);
        response.statusCode = 404;
        response.end('Not Found');
      }),
    ),
  );
}
