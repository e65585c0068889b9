import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ALICE, BOB, createFakeKeycloak, grant } from '../authz/fake-keycloak.ts';
import { sendTargets } from '../support/send-targets.ts';
import { ROUTED } from './path-servers.ts';
import { HOSTS, targetsFor } from './path-targets.ts';

const CONFIG = {
  paths: [
    { path: '/admin/*', name: 'reports', scopes: ['view'] },
    { path: '/orders/{id}', name: 'orders', scopes: ['view'] },
    { path: '/*', 'enforcement-mode': 'DISABLED' },
  ],
} as const;
const URL_OF_SERVER = 'https://tools.example.com/mcp';
const GENERATED = Number(process.env.GENERATED_TARGETS ?? 60);

describe('the path that the guard decided on is the route that runs', () => {
  for (const { name, start } of ROUTED) {
    test(name, async (t) => {
      const fake = createFakeKeycloak();
      grant(fake, ALICE, 'reports#view');
      grant(fake, BOB, 'orders#view');
      const verifier = fake.realm.verifier({ tokenCheck: 'local' });
      const permissions = fake.permissions({ verifier, permissionSeconds: 3600 });
      const enforced = await start({ verifier, permissions, config: CONFIG });
      t.after(() => enforced.close());
      const [alice, bob] = [ALICE, BOB].map((who) => fake.tokenOf(who)) as [string, string];
      const portOf = ({ url }: { url: string }) => Number(new URL(url).port);
      const ran = async (
        app: { url: string },
        targets: readonly string[],
        token: string,
        host = 'localhost',
      ) => {
        const answers = await sendTargets(portOf(app), targets, token, { host });
        return answers.map(({ target, body }) => ({ target, host, route: /ran:(\w+)/.exec(body)?.[1] }));
      };
      const ranAtHosts = async (app: { url: string }, area: string) => {
        const fronts = ['', '/', '/x', '/xx', '/aaaaaa', '/aaaaaaaaaa'];
        const targets = fronts.flatMap((front) => [`${front}/${area}`, `${front}/${area}/x`]);
        const all = await Promise.all(HOSTS.map((host) => ran(app, targets, bob, host)));
        return all.flat().filter(({ route }) => route === area);
      };

      // The test could not fail otherwise.
      const routes = async (token: string) =>
        (await ran(enforced, ['/admin', '/admin/x'], token)).map(({ route }) => route);
      assert.deepEqual(await routes(alice), ['admin', 'admin']);
      assert.deepEqual(await routes(bob), [undefined, undefined]);
      const [open] = await ran(enforced, ['/public/x'], bob);
      assert.equal(open?.route, 'public');

      const targets = targetsFor('admin', GENERATED);
      const through = (await ran(enforced, targets, bob)).filter(({ route }) => route === 'admin');
      t.diagnostic(`${targets.length} targets, ${through.length} through`);
      assert.deepEqual(
        through.map(({ target }) => target),
        [],
        'a route ran that was not decided on',
      );
      assert.deepEqual(await ranAtHosts(enforced, 'admin'), []);

      const guarded = await start({ verifier, permissions, mcp: { url: URL_OF_SERVER } });
      t.after(() => guarded.close());
      const good = fake.tokenOf(ALICE, { aud: [URL_OF_SERVER, 'my-api'] });
      assert.equal((await ran(guarded, ['/mcp'], good))[0]?.route, 'mcp');
      const past = await ran(guarded, targetsFor('mcp', GENERATED), bob);
      assert.deepEqual(
        past.filter(({ route }) => route === 'mcp').map(({ target }) => target),
        [],
        'the MCP server was reached past its guard',
      );
      assert.deepEqual(await ranAtHosts(guarded, 'mcp'), []);
    });
  }
});
