import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createDpopClient } from '../support/dpop.ts';
import { HOSTS, targetsFor } from '../support/path-targets.ts';
import { sendTargets } from '../support/send-targets.ts';
import { createTestRealm } from '../support/test-realm.ts';
import { MOUNTED } from './mounted-apps.ts';

const URL_OF_SERVER = 'https://tools.example.com/mcp';
const GENERATED = Number(process.env.GENERATED_TARGETS ?? 30);
/** Both guards stand in one router: the second is sent so large a part of the targets, in each app another. */
const PARTS = 3;

/** A target for what stands behind a prefix. */
const behind = (prefix: string, target: string) =>
  target.replace(/^(?:http:\/\/localhost)?(?=\/)/, (origin) => origin + prefix);

/** @param areOf those whose names it matches */
export function describeMounts(areOf: RegExp): void {
  describeProofs(areOf);
  describe('no spelling of a path comes to a guarded handler past its guard', () => {
    for (const [at, { name, prefix = '', start }] of MOUNTED.entries()) {
      if (!areOf.test(name)) continue;
      test(name, async (t) => {
        const realm = createTestRealm({ clientId: 'my-api' });
        const verifier = realm.verifier({ audience: ['my-api', URL_OF_SERVER] });
        const app = await start({ verifier, mcp: { url: URL_OF_SERVER } });
        t.after(() => app.close());
        const port = Number(new URL(app.url).port);
        const good = realm.mint({
          aud: ['my-api', URL_OF_SERVER],
          realm_access: { roles: ['auditor'] },
        });
        const poor = realm.mint({ aud: 'my-api' });

        for (const area of ['admin', 'mcp']) {
          const [reached] = await sendTargets(port, [`${prefix}/${area}`], good);
          assert.match(reached?.body ?? '', new RegExp(`ran:${area}`), 'the test could not fail otherwise');
          const [refused] = await sendTargets(port, [`${prefix}/${area}`], poor);
          assert.equal(refused?.status, area === 'mcp' ? 401 : 403);

          const isSent = (_: string, place: number) => area === 'admin' || (place + at) % PARTS === 0;
          const targets = targetsFor(area, GENERATED)
            .filter(isSent)
            .map((one) => behind(prefix, one));
          const answers = [...(await sendTargets(port, targets, poor))];
          // Where the URL of a request is made of its host, that may move the path.
          for (const host of /^(?:Hono|Fetch)/.test(name) ? HOSTS.filter(isSent) : []) {
            const ways = ['', '/', '/x'].map((front) => `${front}${prefix}/${area}`);
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
}

/** A thief who has the proof for one path must not get to another one by it. */
const describeProofs = (areOf: RegExp): void =>
  void describe('a proof is for the URL that its client called, whatever was cut off or rewritten on the way', () => {
    for (const { name, prefix = '', start } of MOUNTED.filter((one) => areOf.test(one.name))) {
      test(name, async (t) => {
        const realm = createTestRealm({ clientId: 'my-api' });
        const verifier = realm.verifier({ audience: ['my-api', URL_OF_SERVER], dpop: 'accepted' });
        const app = await start({ verifier, mcp: { url: URL_OF_SERVER } });
        t.after(() => app.close());
        const client = createDpopClient();
        const token = realm.mint({
          ...{ typ: 'DPoP', cnf: { jkt: client.jkt }, realm_access: { roles: ['auditor'] } },
          aud: ['my-api', URL_OF_SERVER],
        });
        const front = name.includes('rewriting') ? '/public' : prefix;
        for (const area of ['admin', 'mcp']) {
          const send = (named: string) => {
            const proof = client.proof({ token, uri: `${app.url}${named}`, now: realm.now });
            const headers = { authorization: `DPoP ${token}`, dpop: proof };
            return fetch(`${app.url}${front}/${area}`, { headers });
          };
          const answer = await send(`${front}/${area}`);
          assert.deepEqual([answer.status, await answer.text()], [200, `ran:${area}`]);
          if (front !== '') assert.equal((await send(`/${area}`)).status, 401);
        }
      });
    }
  });
