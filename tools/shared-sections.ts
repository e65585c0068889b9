// What is the same on every framework's page, in docs/frameworks/: a reader has one page and needs no other. It is written
// here, once, and put between two marks on each: `npm run pages`. A test fails while a page is stale.

interface FrameworkPage {
  /** What is needed besides Node.js and the library. */
  readonly needs?: string;
  /** How the framework says which scheme and host a client called, behind a proxy. */
  readonly proxy: string;
  /** A folder of examples/, with its app and its tests. */
  readonly example: { readonly app: string; readonly test: string };
  /** How options of the verifier and of sessions are given. */
  readonly options: string;
  readonly session: string;
}

const app = (folder: string) => ({ app: `${folder}/app.ts`, test: `${folder}/app.test.ts` });
const KC = { options: '`keycloak({ … })`', session: '`kc.session({ … })`' };
const AS_OPTION = { options: '`keycloak({ … })`', session: '`session: { … }`' };

/** Each page that is a whole guide, by its name. */
export const FRAMEWORK_PAGES: Readonly<Record<string, FrameworkPage>> = {
  express: { needs: 'Express 4 or 5', proxy: ', or Express’s `trust proxy`', example: app('express'), ...KC },
  fastify: {
    needs: 'Fastify 5',
    proxy: ', or Fastify’s `trustProxy`',
    example: { app: 'one-route.ts', test: 'test-your-api.test.ts' },
    options: 'registering `keycloakGuard`',
    session: 'registering `keycloakSession`',
  },
  fetch: { needs: 'or Bun, Deno or Workers', proxy: '', example: app('fetch'), ...AS_OPTION },
  hono: { needs: 'Hono', proxy: '', example: app('hono'), ...KC },
  koa: { needs: 'Koa 2 or 3', proxy: ', or Koa’s `app.proxy`', example: app('koa'), ...KC },
  nest: {
    needs: 'Nest 10, 11 or 12',
    proxy: ', or the platform’s own setting for proxies',
    example: { app: 'nest/src/app.module.ts', test: 'nest/test/app.spec.ts' },
    options: '`KeycloakModule.forRoot({ … })`',
    session: '`session: { … }`',
  },
  next: {
    needs: 'Next.js',
    proxy: '',
    example: { app: 'next/app/api/orders/route.ts', test: 'next/app.test.ts' },
    ...AS_OPTION,
  },
  node: { proxy: '', example: app('node'), ...KC },
};

const SECTIONS: Readonly<Record<string, (page: FrameworkPage) => string>> = {
  start: ({ needs }) => `
You need Node.js 20.19 or later${needs === undefined ? '' : `, ${needs},`} and the library: [install](../install.md). For development you need no
Keycloak: \`npm start\` in the clone runs a provider that answers as Keycloak does, at \`http://localhost:8080\`, with the realm
\`testing\`, and \`npm run -s token\` there says a token to try:

\`\`\`sh
curl http://localhost:3000/me -H "Authorization: Bearer $(npm run -s token)"
\`\`\`

With a Keycloak of yours, one command makes realm, client, audience and a user, and writes \`.env\` with the client's secret:

\`\`\`sh
npm run setup -- --url http://localhost:8080 --app-url http://localhost:3000
\`\`\`
`,
  requirements: () => `
A guard takes what the caller must have. All members must be met, and every value of a list; a misspelt or empty one fails at start.

| requirement | met when |
|---|---|
| \`realmRole: 'admin'\`, \`clientRole: 'reader'\` | the role of the realm, of this API's client |
| \`clientRole: { 'other-api': 'reader' }\` | the role of another client |
| \`scope: 'orders:read'\` | the scope was granted; the 403 names it |
| \`group: '/staff/dev'\`, \`groupTree: '/staff'\` | in this group; in it or below it |
| \`organization: 'acme'\`, \`audience: 'reports'\` | in the token's organizations, in its \`aud\` |
| \`acr: ['gold']\`, \`maxAge: 300\` | how strongly, how recently the person signed in ([step-up](../step-up.md)) |
| \`check: (principal) => …\` | the function returns \`true\`, and nothing else |
| \`anyOf: [{ … }, { … }]\`, \`allOf: […]\` | one of them, all of them |
| \`optional: true\` | there is no token at all, or a good one |

The principal has \`subject\`, \`username\`, \`email\`, \`name\`, \`realmRoles\`, \`clientRoles\`, \`groups\`, \`organizations\`, \`scopes\`,
\`audience\`, \`sessionId\`, \`expiresAt\`, \`issuer\` and all \`claims\`. Identify people by \`issuer\` and \`subject\`: names can change hands.
`,
  tests: ({ example }) => `
Tests run against the embedded provider, with real tokens and without Keycloak. Give your app its address:

\`\`\`ts
import { startDevIdp } from '@keycloak-guard/testing';

const idp = await startDevIdp();
const options = { serverUrl: idp.url, realm: 'testing', clientId: 'fastapi-keycloak' };
// … an app with these options, called with:
const token = await idp.issueToken({ username: 'abdullah' });
await idp.close();
\`\`\`

A small app with its tests: [the app](../../examples/${example.app}), [the tests](../../examples/${example.test}). What the provider can do,
users and roles of the test included: [embedded provider](../embedded-provider.md).
`,
  production: ({ proxy, options, session }) => `
- **Behind a proxy** that ends TLS set \`publicUrl\`${proxy}: callbacks, cookies and checks of origins go by it.
- **Keycloak has another address inside**: \`serverUrl\` is the one that this process calls, \`issuer\` the public one that stands in
  tokens.
- **Several processes** share logouts and sessions by Redis or Valkey (beside \`@redis/client\`). Give both: with the second alone, a
  logout reaches the others after up to ten seconds.

\`\`\`ts
import { createRedisRevocationStore, createRedisSessionStore, openRedis } from 'keycloak-guard/redis';

const redis = openRedis({ url: process.env.REDIS_URL! });
const revocationStore = createRedisRevocationStore(redis); // for ${options}
const store = createRedisSessionStore(redis); // for ${session}
\`\`\`

- **In Keycloak** the client needs \`<your URL>/auth/callback\` as redirect URI, \`<your URL>/\` as post logout redirect URI, and
  \`<your URL>/backchannel-logout\` as backchannel logout URL, where Keycloak can reach it: \`setup --app-url\` sees to all three.
- **Keycloak is down**: known tokens go on working, others get 503. [What breaks how](../reliability.md).
- **It does not work**: \`npm run doctor\` goes the whole way and says what to mend ([doctor](../doctor.md)). \`explain: true\` says in the
  answer why somebody was refused: for development.

All [options](../library.md#options), [sessions](../sessions.md), [errors](../errors.md).
`,
};

/** The names of the sections that each page has, in their order. */
export const SHARED = Object.keys(SECTIONS);

const MARKED = /(<!-- the same on every page: (\w+) -->\n)[\s\S]*?(<!-- \/\2 -->)/g;

/** @returns the text of a page with its shared sections as they have to be */
export function withSharedSections(name: string, text: string): string {
  const page = FRAMEWORK_PAGES[name];
  if (page === undefined) throw new Error(`docs/frameworks/${name}.md is no page of a framework`);
  return text.replaceAll(MARKED, (_all, begin: string, section: string, end: string) => {
    const write = SECTIONS[section];
    if (write === undefined) throw new Error(`${name}.md: there is no shared section ${section}`);
    return `${begin}${write(page)}${end}`;
  });
}

/** What is the page's own: its programs are those of its framework. */
export function withoutSharedSections(text: string): string {
  return text.replaceAll(MARKED, '');
}

/** The shared sections that a page has. */
export function sharedSectionsOf(text: string): string[] {
  return [...text.matchAll(MARKED)].map(([, , section = '']) => section);
}
