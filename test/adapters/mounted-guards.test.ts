import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createDpopClient } from '../support/dpop.ts';
import { HOSTS, targetsFor } from '../support/path-targets.ts';
import { sendTargets } from '../support/send-targets.ts';
import { createTestRealm } from '../support/test-realm.ts';
import { MOUNTED } from './mounted-apps.ts';

const URL_OF_SERVER = 'https://tools.example.com/mcp';
const GENERATED = Number(process.env.GENERATED_TARGETS ?? 30);
/** Every target comes to one app of each framework, and to each way of making a URL of it; to the others a part, to each another. */
const WHOLE =
  /^(?:Express 5, app|Fastify|Koa|hapi|Hono|Hono, targets as sent|Fetch, URL, as on Bun|Node, URL|Nest on \w+)$/;

/** A target for what stands behind a prefix. */
const behind = (prefix: string, target: string) =>
  target.replace(/^(?:http:\/\/localhost)?(?=\/)/, (origin) => origin + prefix);

describe('no spelling of a path comes to a guarded handler past its guard, nor a proof to another path', () => {
  for (const [at, { name, prefix = '', start }] of MOUNTED.entries()) {
    test(name, async (t) => {
      const realm = createTestRealm({ clientId: 'my-api' });
      const verifier = realm.verifier({ audience: ['my-api', URL_OF_SERVER], dpop: 'accepted' });
      const app = await start({ verifier, mcp: { url: URL_OF_SERVER } });
      t.after(() => app.close());
      const port = Number(new URL(app.url).port);
      const claims = { aud: ['my-api', URL_OF_SERVER], realm_access: { roles: ['auditor'] } };
      const poor = realm.mint({ aud: 'my-api' });
      const client = createDpopClient();
      const bound = realm.mint({ ...claims, typ: 'DPoP', cnf: { jkt: client.jkt } });
      // A thief who has the proof for one path must not get to another one by it, whatever was cut off or rewritten on the way.
      const front = name.includes('rewriting') ? '/public' : prefix;

      for (const area of ['admin', 'mcp']) {
        const prove = (named: string) => {
          const proof = client.proof({ token: bound, uri: `${app.url}${named}`, now: realm.now });
          const headers = { authorization: `DPoP ${bound}`, dpop: proof };
          return fetch(`${app.url}${front}/${area}`, { headers });
        };
        const answer = await prove(`${front}/${area}`);
        assert.deepEqual([answer.status, await answer.text()], [200, `ran:${area}`]);
        if (front !== '') assert.equal((await prove(`/${area}`)).status, 401);

        const [reached] = await sendTargets(port, [`${prefix}/${area}`], realm.mint(claims));
        assert.match(reached?.body ?? '', new RegExp(`ran:${area}`), 'the test could not fail otherwise');
        const [refused] = await sendTargets(port, [`${prefix}/${area}`], poor);
        assert.equal(refused?.status, area === 'mcp' ? 401 : 403);

        // Both guards stand in one router: what comes past the second would come past the first.
        const parts = (WHOLE.test(name) ? 1 : 5) * (area === 'admin' ? 1 : 3);
        const isSent = (_: string, place: number) => (place + at) % parts === 0;
        const targets = targetsFor(area, GENERATED)
          .filter(isSent)
          .map((one) => behind(prefix, one));
        const answers = [...(await sendTargets(port, targets, poor))];
        // Where the URL of a request is made of its host, that may move the path.
        for (const host of /^(?:Hono|Fetch)/.test(name) ? HOSTS.filter(isSent) : []) {
          const ways = ['', '/', '/x'].map((way) => `${way}${prefix}/${area}`);
          answers.push(...(await sendTargets(port, ways, poor, { host })));
        }
        assert.ok(
          answers.every(({ status }) => status > 0),
          'every target is answered',
        );
        const past = answers.filter(({ body }) => body.includes(`ran:${area}`)).map(({ target }) => target);
        assert.deepEqual(past, [], `${answers.length} targets`);
      }
    });
  }
});
