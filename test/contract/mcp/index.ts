import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Notice } from '../../../packages/guard/src/core/index.ts';
import type { SecurityEvent } from '../../../packages/guard/src/core/internal.ts';
import { createDpopClient } from '../../support/dpop.ts';
import { eventually } from '../../support/eventually.ts';
import { ofEngine } from '../adapter/set-up.ts';
import { call, type McpAdapter, setUp, URL_OF_SERVER } from './mcp-adapter.ts';
import { describeMcpOfTenants } from './tenants.ts';

const POINTER = 'resource_metadata="https://tools.example.com/.well-known/oauth-protected-resource/mcp"';

/** What an MCP server's guard does, the same in all frameworks. */
export function describeMcp(adapter: McpAdapter): void {
  describeMcpOfTenants(adapter);
  describe(`${adapter.name}, MCP`, () => {
    test('tells who has no token where to get one, and leaves alone what is not at its URL', async (t) => {
      const { send, app, denied } = await setUp(t, adapter);
      const refused = await send(undefined, call('look'));
      assert.deepEqual(
        [refused.status, refused.headers.get('www-authenticate'), await refused.json()],
        [401, `Bearer scope="mcp:tools", ${POINTER}`, { detail: 'Not authenticated' }],
      );
      assert.deepEqual(
        denied.map(({ code }) => code),
        ['missing_token'],
      );
      const metadata = await fetch(`${app.url}/.well-known/oauth-protected-resource/mcp`);
      const { resource, scopes_supported } = (await metadata.json()) as Record<string, unknown>;
      assert.deepEqual(
        [resource, scopes_supported],
        [URL_OF_SERVER, ['mcp:tools', 'mcp:write', 'mcp:audit']],
      );
      assert.deepEqual(await (await fetch(`${app.url}/open`)).json(), { open: true });
    });

    test('its metadata is where the challenge says, whether or not its URL has a slash at the end', async (t) => {
      const url = `${URL_OF_SERVER}/`;
      const { send, app } = await setUp(t, adapter, { url });
      const refused = await send(undefined, call('look'));
      const [, pointer = ''] =
        /resource_metadata="([^"]+)"/.exec(String(refused.headers.get('www-authenticate'))) ?? [];
      const answer = await fetch(app.url + new URL(pointer).pathname);
      const { resource } = (await answer.json()) as { resource: string };
      assert.deepEqual([answer.status, resource], [200, url]);
    });

    test('tells observers of access once the token is for this server', ofEngine(adapter), async (t) => {
      const events: unknown[] = [];
      const observers = [
        { event: ({ event, outcome }: SecurityEvent) => void events.push(`${event} ${outcome}`) },
      ];
      const { send, mint } = await setUp(t, adapter, {}, false, { observers });
      assert.equal((await send(mint({ aud: 'my-api' }), call('look'))).status, 401);
      assert.equal((await send(mint({ scope: 'openid' }), call('look'))).status, 403);
      const headers = { 'mcp-session-id': 'of-somebody-else' };
      assert.equal((await send(mint(), call('look'), { headers })).status, 404);
      await eventually('all are told', () => events.length === 3);
      assert.deepEqual(events.splice(0), [
        'access token_audience',
        'access scope_missing',
        'access mcp_session_unknown',
      ]);
      assert.equal((await send(mint(), call('look'))).status, 200);
      assert.deepEqual(events, ['access ok']);
    });

    test('names all scopes at once unless told otherwise', ofEngine(adapter), async (t) => {
      const { send } = await setUp(t, adapter, { scopesInChallenge: true });
      const refused = await send(undefined, call('look'));
      assert.equal(
        refused.headers.get('www-authenticate'),
        `Bearer scope="mcp:tools mcp:write mcp:audit", ${POINTER}`,
      );
    });

    test('guards what its route gets, in whichever spelling', async (t) => {
      const { send } = await setUp(t, adapter);
      for (const path of ['/mcp/', '/MCP', '/mcp?a=b', '/%6dcp', '/mcp;a', '//mcp', '/mcp/below']) {
        const { status } = await send(undefined, undefined, { path, method: 'GET' });
        assert.ok(status === 401 || status === 404, `${path}: ${status}`);
      }
      assert.equal((await send(undefined, undefined, { path: '/mcp?a=b', method: 'GET' })).status, 401);
    });

    test('guards the route of its URL, wherever the process is called by another path', async (t) => {
      const { send, mint } = await setUp(t, adapter, { url: 'https://tools.example.com/api/v1/mcp' });
      const refused = await send(undefined, call('look'));
      assert.deepEqual(
        [refused.status, refused.headers.get('www-authenticate')],
        [401, `Bearer scope="mcp:tools", ${POINTER.replace('/mcp"', '/api/v1/mcp"')}`],
      );
      assert.equal((await send(mint(), call('look'))).status, 401);
      const aud = ['my-api', 'https://tools.example.com/api/v1/mcp'];
      assert.equal((await send(mint({ aud }), call('look'))).status, 200);
    });

    if (!adapter.alwaysPublishes) {
      test('says once that nothing answers its metadata, without which clients find no Keycloak', async (t) => {
        for (const publishes of [true, false]) {
          const notices: Notice[] = [];
          const { send, mint } = await setUp(t, adapter, {}, false, {
            publishes,
            onNotice: (one) => notices.push(one),
          });
          for (let i = 0; i < 2; i++) assert.equal((await send(mint(), call('look'))).status, 200);
          const missing = notices.filter(({ code }) => code === 'mcp_metadata_missing');
          assert.deepEqual(
            missing.map(({ level }) => level),
            publishes ? [] : ['warn'],
          );
        }
      });
    }

    test('gives the transport what it needs', async (t) => {
      const { send, mint, realm } = await setUp(t, adapter, {}, true);
      const token = mint({ azp: 'mcp-client' });
      const given = (await (await send(token, call('look'))).json()) as {
        auth: Record<string, unknown> & { extra: { principal: { username: string } } };
      };
      const { extra, ...auth } = given.auth;
      assert.deepEqual(auth, {
        token,
        clientId: 'mcp-client',
        scopes: ['mcp:tools'],
        expiresAt: realm.claims().exp,
        resource: URL_OF_SERVER,
      });
      assert.equal(extra.principal.username, 'abdullah');
    });

    test('refuses a token for another server that the verifier takes', ofEngine(adapter), async (t) => {
      const { send, mint, denied } = await setUp(t, adapter);
      for (const aud of [
        'my-api',
        ['my-api', `${URL_OF_SERVER}/`],
        ['my-api', 'https://tools.example.com'],
      ]) {
        const refused = await send(mint({ aud }), call('look'));
        assert.equal(refused.status, 401);
        assert.equal(
          refused.headers.get('www-authenticate'),
          `Bearer error="invalid_token", error_description="The access token is for another audience", scope="mcp:tools", ${POINTER}`,
        );
      }
      assert.deepEqual(new Set(denied.map(({ code }) => code)), new Set(['token_audience']));
      const [first] = denied;
      assert.deepEqual([first?.expected, first?.seen], [`aud ${URL_OF_SERVER}`, 'my-api']);
    });

    test('a token without the scope of the server gets 403', ofEngine(adapter), async (t) => {
      const { send, mint } = await setUp(t, adapter);
      const refused = await send(mint({ scope: 'profile' }), call('look'));
      assert.deepEqual(
        [refused.status, refused.headers.get('www-authenticate')],
        [403, `Bearer error="insufficient_scope", scope="mcp:tools", ${POINTER}`],
      );
    });

    for (const parses of adapter.alwaysParses ? [true] : [true, false]) {
      test(`a tool needs its scopes (${parses ? 'behind a parser' : 'no parser in front'})`, async (t) => {
        const { send, mint, denied } = await setUp(t, adapter, {}, parses);
        const challenge = (scope: string) =>
          `Bearer error="insufficient_scope", scope="${scope}", ${POINTER}`;
        const told = async (body: unknown, scope = 'profile mcp:tools') => {
          const answer = await send(mint({ scope }), body);
          return answer.status === 403 ? answer.headers.get('www-authenticate') : answer.status;
        };
        assert.equal(await told(call('delete-order')), challenge('mcp:tools mcp:write'));
        assert.equal(await told([call('look'), call('audit')]), challenge('mcp:tools mcp:audit mcp:write'));
        // What the token has of the others stays in.
        assert.equal(
          await told(call('audit'), 'mcp:tools mcp:write'),
          challenge('mcp:tools mcp:write mcp:audit'),
        );
        assert.deepEqual(new Set(denied.map(({ code }) => code)), new Set(['scope_missing']));
        for (const body of [call('look'), call('constructor'), [], {}, 1, null]) {
          // Express's parser takes neither numbers nor null.
          const answered = await told(body);
          assert.ok(
            answered === 200 || (answered === 400 && (body === null || body === 1)),
            JSON.stringify(body),
          );
        }
        const done = await send(mint({ scope: 'mcp:tools mcp:write' }), call('delete-order'));
        const { body } = (await done.json()) as { body: unknown };
        assert.deepEqual([done.status, body], [200, call('delete-order')]);
      });
    }

    test('refuses a message that the SDK could read in another way, before scopes are counted', async (t) => {
      const { send, mint, denied } = await setUp(t, adapter);
      // Fastify refuses some of them itself.
      const isOurs = ({ detail = '' }: { detail?: string; message?: string }) => /^The message /.test(detail);
      for (const name of ['__proto__', 'constructor', 'prototype']) {
        const hidden = `{"${name}":{"name":"delete-order","params":{},"prototype":{}}}`;
        const message = `{"method":"tools/call","params":${hidden}}`;
        for (const text of [message, `[{"method":"ping"},${message}]`, hidden, `[${hidden}]`]) {
          const answer = await send(mint(), text);
          assert.equal(answer.status, 400, text);
          assert.match(answer.headers.get('content-type') ?? '', /^application\/json/);
          const said = (await answer.json()) as object;
          assert.ok(isOurs(said) || adapter.alwaysParses, JSON.stringify(said));
        }
      }
      for (const name of [['delete-order'], undefined, 7, { name: 'delete-order' }, null]) {
        assert.equal((await send(mint(), call(name))).status, 400, JSON.stringify(name));
      }
      const wipe = JSON.stringify(call('delete-order'));
      for (const text of [
        `[[${wipe}]]`,
        `[${wipe.replace('tools/call', 'ping')},[${wipe}]]`,
        '["x"]',
        'null',
      ]) {
        assert.equal((await send(mint(), text)).status, 400, text);
      }
      assert.deepEqual(denied, []);
    });

    test('looks into a body whatever its type is said to be', async (t) => {
      const { send, mint } = await setUp(t, adapter, {}, true);
      for (const type of ['text/plain', 'x/y; application/json', 'application/json; charset=utf-8']) {
        const answer = await send(mint(), call('delete-order'), { headers: { 'content-type': type } });
        assert.ok([403, 400, 415].includes(answer.status), `${type}: ${answer.status}`);
      }
    });

    test('refuses a body that is too long or no JSON, and says nothing of it', async (t) => {
      const { send, mint } = await setUp(t, adapter);
      const long = await send(mint(), JSON.stringify({ a: 'x'.repeat(4 * 1024 * 1024) }));
      assert.equal(long.status, 413);
      const garbage = await send(mint(), '{"secret-word"');
      assert.equal(garbage.status, 400);
      assert.match(garbage.headers.get('content-type') ?? '', /^application\/json/);
      assert.doesNotMatch(await garbage.text(), /secret-word.*:/);
    });

    test('refuses pages of other origins, with a good token too', async (t) => {
      const { send, mint, denied } = await setUp(t, adapter);
      const token = mint();
      for (const origin of ['https://evil.example', 'null', 'https://tools.example.com.evil.example']) {
        const refused = await send(token, call('look'), { headers: { origin } });
        assert.deepEqual(
          [refused.status, refused.headers.get('access-control-allow-origin'), await refused.json()],
          [403, null, { detail: 'Requests from other sites are refused' }],
        );
      }
      assert.deepEqual(new Set(denied.map(({ code }) => code)), new Set(['cross_origin_request']));
      const own = await send(token, call('look'), { headers: { origin: 'https://tools.example.com' } });
      assert.deepEqual([own.status, own.headers.get('access-control-allow-origin')], [200, null]);
    });

    test('a page that may call can: preflight, answer and refusal have what it needs', async (t) => {
      const { send, mint } = await setUp(t, adapter);
      const origin = 'http://localhost:6274';
      const preflight = await send(undefined, undefined, {
        method: 'OPTIONS',
        headers: {
          origin,
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'authorization,content-type,mcp-protocol-version',
        },
      });
      assert.deepEqual(
        [
          preflight.status,
          preflight.headers.get('access-control-allow-origin'),
          preflight.headers.get('access-control-allow-headers'),
        ],
        [204, origin, 'authorization,content-type,mcp-protocol-version'],
      );
      for (const [token, status] of [
        [mint(), 200],
        [undefined, 401],
      ] as const) {
        const answer = await send(token, call('look'), { headers: { origin } });
        assert.deepEqual(
          [answer.status, answer.headers.get('access-control-allow-origin')],
          [status, origin],
        );
        assert.match(
          answer.headers.get('access-control-expose-headers') ?? '',
          /mcp-session-id, www-authenticate/,
        );
      }
      const foreign = await send(undefined, undefined, {
        method: 'OPTIONS',
        headers: { origin: 'https://evil.example', 'access-control-request-method': 'POST' },
      });
      assert.deepEqual([foreign.status, foreign.headers.get('access-control-allow-origin')], [403, null]);
    });

    test('a session is of who it was given to, and of nobody else', async (t) => {
      const { send, mint, denied } = await setUp(t, adapter, {}, true);
      const session = { headers: { 'mcp-session-id': 'session-1' } };
      const opened = await send(mint({ sub: 'one' }), { method: 'initialize', id: 'session-1' });
      assert.equal(opened.headers.get('mcp-session-id'), 'session-1');
      // With another token of the same person, too.
      assert.equal((await send(mint({ sub: 'one', sid: 'x' }), call('look'), session)).status, 200);
      for (const init of [session, { ...session, method: 'DELETE' }]) {
        const stolen = await send(mint({ sub: 'two' }), undefined, init);
        assert.deepEqual([stolen.status, await stolen.json()], [404, { detail: 'Session not found' }]);
      }
      assert.deepEqual(
        denied.map(({ code }) => code),
        ['mcp_session_unknown', 'mcp_session_unknown'],
      );
      // Nobody gets it by having it given out again.
      await send(mint({ sub: 'two' }), { method: 'initialize', id: 'session-1' });
      assert.equal((await send(mint({ sub: 'two' }), call('look'), session)).status, 404);
      const ended = await send(mint({ sub: 'one' }), undefined, { ...session, method: 'DELETE' });
      assert.equal(ended.status, 204);
      // What has ended, and what was never given out here, is open to nobody: the application may know it still.
      for (const sub of ['one', 'two']) {
        assert.equal((await send(mint({ sub }), call('look'), session)).status, 404, sub);
        const unknown = { headers: { 'mcp-session-id': 'never-given' } };
        assert.equal((await send(mint({ sub }), call('look'), unknown)).status, 404, sub);
      }
      // Where tokens name nobody, the session at Keycloak does.
      const other = { headers: { 'mcp-session-id': 'session-2' } };
      const [mine, theirs] = ['s1', 's2'].map((sid) => mint({ sub: undefined, sid })) as [string, string];
      await send(mine, { method: 'initialize', id: 'session-2' });
      assert.equal((await send(theirs, call('look'), other)).status, 404);
      assert.equal((await send(mine, call('look'), other)).status, 200);
    });

    test('tells once of tokens that name another resource, too', ofEngine(adapter), async (t) => {
      const notices: Notice[] = [];
      const { send, mint } = await setUp(t, adapter, {}, false, { onNotice: (one) => notices.push(one) });
      const told = () => notices.filter(({ code }) => code === 'audience_shared');
      assert.equal(
        (await send(mint({ aud: [URL_OF_SERVER, 'account', 'my-api'] }), call('look'))).status,
        200,
      );
      assert.equal(told().length, 0);
      for (let i = 0; i < 2; i++) {
        const aud = [URL_OF_SERVER, 'https://other.example.com/mcp'];
        assert.equal((await send(mint({ aud }), call('look'))).status, 200);
      }
      assert.deepEqual(
        told().map(({ message }) => message),
        [`A token for ${URL_OF_SERVER} names another resource too: https://other.example.com/mcp`],
      );
    });

    test('a stream ends with the token of its caller, and others go on', { timeout: 60_000 }, async (t) => {
      const { send, mint, realm } = await setUp(t, adapter);
      const open = async (exp: number) => {
        const stream = await send(mint({ exp, sub: String(exp) }), undefined, { method: 'GET' });
        assert.deepEqual([stream.status, stream.headers.get('content-type')], [200, 'text/event-stream']);
        return stream.body?.getReader() ?? assert.fail('no body');
      };
      const [short, long] = [await open(realm.now + 1), await open(realm.now + 900)];
      const began = performance.now();
      while (!(await short.read()).done);
      assert.ok(performance.now() - began < 10_000);
      assert.equal((await long.read()).done, false);
      await long.cancel();
    });

    test('a proof is used once, though another guard stands behind', async (t) => {
      const more = { dpop: 'accepted', isGuardedTwice: true } as const;
      const { send, mint, realm, denied } = await setUp(t, adapter, {}, false, more);
      const client = createDpopClient();
      const token = mint({ typ: 'DPoP', cnf: { jkt: client.jkt } });
      const dpop = client.proof({ token, method: 'POST', uri: URL_OF_SERVER, now: realm.now });
      const ask = () => send(undefined, call('look'), { headers: { authorization: `DPoP ${token}`, dpop } });
      const answer = await ask();
      assert.deepEqual([answer.status, denied.map(({ code }) => code)], [200, []]);
      assert.equal((await ask()).status, 401);
      assert.deepEqual(
        denied.map(({ code }) => code),
        ['dpop_proof_replayed'],
      );
    });

    test('refuses options that are wrong, all at once', ofEngine(adapter), async (t) => {
      const mcp = {
        url: 'tools.example.com',
        tools: { a: [] },
        allowedOrigins: ['http://x/'],
        scopesInChallenge: 'none',
        scope: 'x',
      };
      await assert.rejects(
        setUp(t, adapter, mcp as never),
        ({ problems }: { problems: { option: string }[] }) => {
          assert.deepEqual(
            problems.map(({ option }) => option),
            ['url', 'scopesInChallenge', 'tools', 'allowedOrigins', 'scope'],
          );
          return true;
        },
      );
    });
  });
}
