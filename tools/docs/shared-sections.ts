// Sections that every framework's page in docs/frameworks/ has, so that a reader needs one page only. They are written here once;
// `npm run docs` puts them between two marks on each page. A test fails while a page is stale.

import { ADAPTERS, type AdapterEntry } from './adapters.ts';

/** The pages that are a whole guide, by name. */
export const FRAMEWORK_PAGES: Readonly<Record<string, AdapterEntry>> = Object.fromEntries(
  ADAPTERS.map((entry) => [entry.page, entry]),
);

const SECTIONS: Readonly<Record<string, (page: AdapterEntry) => string>> = {
  start: ({ needs, isProgram }) => `
You need Node.js 20.19 or later, ${needs === undefined ? '' : `${needs}, `}and the library with its command line: [install](../install.md). For
development you need no Keycloak: \`npx keycloak-guard dev\` answers as Keycloak does, at \`http://localhost:8080\` with the realm
\`testing\`${isProgram ? ', and with `dev -- npx tsx server.mts` runs a program of this page beside it' : ''}. \`npx keycloak-guard token\` prints a token to try:

\`\`\`sh
curl http://localhost:3000/me -H "Authorization: Bearer $(npx keycloak-guard token)"
\`\`\`

With your own Keycloak, one command creates the realm, the client of the API and what guards name, and writes \`.env\`. With the
[browser login](#browser-login) it is \`setup web\`, with \`--app http://localhost:3000\`:

\`\`\`sh
npx keycloak-guard setup api --from ./src --url http://localhost:8080 --dev-caller
\`\`\`

Then your program takes \`serverUrl\`, \`realm\`, \`clientId\` and \`clientSecret\` from \`process.env\`: \`KEYCLOAK_SERVER_URL\`,
\`KEYCLOAK_REALM\`, \`KEYCLOAK_CLIENT_ID\`, \`KEYCLOAK_CLIENT_SECRET\`. Node.js and tsx read the file with \`--env-file=.env\`; Next.js and Bun
do without a flag.
`,
  requirements: () => `
All members must be met, and every value of a list. A misspelt or empty requirement fails at start.

| requirement | met when |
|---|---|
| \`realmRole: 'admin'\`, \`clientRole: 'reader'\` | the caller has the realm role, the role of this API's client |
| \`clientRole: { 'other-api': 'reader' }\` | the caller has the role of another client |
| \`scope: 'orders:read'\` | the token has the scope |
| \`group: '/staff/dev'\`, \`groupTree: '/staff'\` | the caller is in this group; in it or below it |
| \`check: (principal) => …\` | the function returns exactly \`true\` |
| \`anyOf: [{ … }, { … }]\` | one of them is met |
| \`optional: true\` | there is no token at all, or a valid one |

By client, audience, organization, tenant, actor, or a second factor: [all requirements](../library.md#guards). The principal has
\`username\`, \`email\`, \`realmRoles\`, all \`claims\` and [more](../library.md#the-caller). Identify people by \`issuer\` and \`subject\`: a
username can pass to somebody else.
`,
  refusals: ({ called = 'request', log = 'the option `log`, else the standard error output' }) => `
In development (\`NODE_ENV\` is not \`production\`), each refusal is a line in the log with its path, its [code](../errors.md) and what to
do about it. Lines go to ${log}.
\`onDenied: (${called}, error, principal) => …\` gets each refusal instead, in production too, for an audit log. For development,
\`explain: true\` puts the reason into the answer.
`,
  tests: ({ example }) => `
With \`@keycloak-guard/testing\` tests have real tokens, and need no Keycloak:

\`\`\`ts
import { startDevIdp } from '@keycloak-guard/testing';

const idp = await startDevIdp();
const options = { serverUrl: idp.url, realm: 'testing', clientId: 'fastapi-keycloak' };
// … an app with these options, called with:
const token = await idp.issueToken({ username: 'abdullah' });
await idp.close();
\`\`\`

[An app](../../examples/${example.app}) and [its tests](../../examples/${example.test}); more in [testing your app](../testing-your-app.md).
`,
  production: ({ proxy, options, session }) => `
- **Behind a proxy** that terminates TLS, set \`publicUrl\`${proxy}: callbacks, cookies and checks of origins depend on it.
- **Keycloak has another address internally**: that is \`serverUrl\`, and \`issuer\` the public one in tokens.
- **Several processes** share logouts and sessions through Redis or Valkey (install \`@redis/client\`). With \`redis = openRedis({ url })\`
  of \`keycloak-guard/redis\`, set both: \`revocationStore: createRedisRevocationStore(redis)\` for ${options}, and
  \`store: createRedisSessionStore(redis)\` for ${session}.
- **In Keycloak** the client needs the redirect URI \`<your URL>/auth/callback\`, the post logout redirect URI \`<your URL>/\`, and the
  backchannel logout URL \`<your URL>/backchannel-logout\`, which Keycloak must reach. \`setup --app\` sets them.
- **Keycloak is down**: known tokens go on working, others get 503. [What fails, and how](../production.md#when-something-is-gone).
- **It does not work**: \`npx keycloak-guard doctor\` says what to fix ([doctor](../doctor.md)).

Next: all [options](../library.md#options), [sessions](../sessions.md), [permissions](../permissions.md), [production](../production.md),
[errors](../errors.md).
`,
};

/** Names of the sections that each page has, in order. */
export const SHARED = Object.keys(SECTIONS);

const MARKED = /(<!-- the same on every page: (\w+) -->\n)[\s\S]*?(<!-- \/\2 -->)/g;

/** @returns the text of a page with its shared sections up to date */
export function withSharedSections(name: string, text: string): string {
  const page = FRAMEWORK_PAGES[name];
  if (page === undefined) throw new Error(`docs/frameworks/${name}.md is not a framework's page`);
  return text.replaceAll(MARKED, (_all, begin: string, section: string, end: string) => {
    const write = SECTIONS[section];
    if (write === undefined) throw new Error(`${name}.md: there is no shared section ${section}`);
    return `${begin}${write(page)}${end}`;
  });
}

/** The page's own text. */
export function withoutSharedSections(text: string): string {
  return text.replaceAll(MARKED, '');
}

/** The shared sections that a page has. */
export function sharedSectionsOf(text: string): string[] {
  return [...text.matchAll(MARKED)].map(([, , section = '']) => section);
}
