import type { TestContext } from 'node:test';
import type { Express } from 'express';
import type { Keycloak } from '../../packages/connect/src/index.ts';
import { ALBUM, startAuthorization } from './authorization-stub.ts';
import { hole } from './both.ts';
import { bearer, CLIENT, logIn, type Make, sharedIdp, startApp, tokenOf } from './connect-app.ts';

const say = (_request: unknown, response: { send(text: string): unknown }) => void response.send('in');

async function statusOf(
  t: TestContext,
  make: Make,
  guard: (keycloak: Keycloak) => ReturnType<Keycloak['protect']>,
): Promise<number> {
  const { url, idp } = await startApp(t, {
    make,
    bearerOnly: true,
    routes: (app, keycloak) => app.get('/', guard(keycloak), say),
  });
  return (await fetch(url, bearer(await tokenOf(idp, 'sara')))).status;
}

hole('a list of roles lets everybody in who is signed in', { open: 200, closed: 'at start' }, (t, make) =>
  statusOf(t, make, (keycloak) => keycloak.protect(['realm:owner'] as never)),
);
hole('an object lets everybody in who is signed in', { open: 200, closed: 'at start' }, (t, make) =>
  statusOf(t, make, (keycloak) => keycloak.protect({ roles: ['realm:owner'] } as never)),
);
hole('an async function lets everybody in', { open: 200, closed: 'at start' }, (t, make) =>
  statusOf(t, make, (keycloak) => keycloak.protect((async () => false) as never)),
);
hole('a function that returns a promise lets everybody in', { open: 200, closed: 500 }, (t, make) =>
  statusOf(t, make, (keycloak) => keycloak.protect((() => Promise.resolve(false)) as never)),
);
hole(
  'of a realm role with a colon in its name only the first part counts',
  { open: 200, closed: 403 },
  (t, make) => statusOf(t, make, (keycloak) => keycloak.protect('realm:user:of-the-vault')),
);
hole(
  'of a client role with a colon in its name only the first part counts',
  { open: 200, closed: 403 },
  (t, make) => statusOf(t, make, (keycloak) => keycloak.protect(`${CLIENT}:reader:of-the-vault`)),
);

hole(
  'an empty list of permissions opens a route to everybody',
  { open: 200, closed: 'at start' },
  async (t, make) => {
    const { url } = await startApp(t, {
      make,
      bearerOnly: true,
      routes: (app: Express, keycloak) => app.get('/', keycloak.enforcer([]), say),
    });
    return (await fetch(url)).status;
  },
);

hole(
  'a permission that Keycloak does not name is taken for granted',
  { open: 200, closed: 403 },
  async (t, make) => {
    const idp = await sharedIdp();
    const { url: serverUrl } = await startAuthorization(t, idp.url, () => ({
      body: [{ rsname: 'album', rsid: ALBUM, scopes: ['view'] }],
    }));
    const { url } = await startApp(t, {
      make,
      idp,
      serverUrl,
      bearerOnly: true,
      options: { tokenCheck: 'local' },
      routes: (app, keycloak) => app.get('/', keycloak.enforcer(['album:view', 'vault:open']), say),
    });
    return (await fetch(url, bearer(await logIn(serverUrl)))).status;
  },
);

hole(
  'a resource of the caller’s own passes for that of the API, by its name',
  { open: 200, closed: 403 },
  async (t, make) => {
    const idp = await sharedIdp();
    // As Keycloak answers where the caller has registered an `album` and been asked about by that name.
    const own = { rsname: 'album', rsid: 'bbbbbbbb-0000-4000-8000-000000000001', scopes: ['delete'] };
    const { url: serverUrl } = await startAuthorization(t, idp.url, () => ({ body: [own] }));
    const { url } = await startApp(t, {
      ...{ make, idp, serverUrl, bearerOnly: true, options: { tokenCheck: 'local' } },
      routes: (app, keycloak) => app.get('/', keycloak.enforcer('album:delete'), say),
    });
    return (await fetch(url, bearer(await logIn(serverUrl)))).status;
  },
);
