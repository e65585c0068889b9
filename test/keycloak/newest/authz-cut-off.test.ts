import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { applyAuthz } from '../../../packages/cli/src/admin/authz/apply.ts';
import { readAuthz } from '../../../packages/cli/src/admin/authz/current.ts';
import { toFile } from '../../../packages/cli/src/admin/authz/model.ts';
import { planAuthz } from '../../../packages/cli/src/admin/authz/plan.ts';
import { readAuthzValue } from '../../../packages/cli/src/admin/authz/read-file.ts';
import { type AdminConnection, connectAdmin } from '../../../packages/cli/src/admin/connection.ts';
import { requireKeycloak } from '../support/real-keycloak.ts';

const keycloak = requireKeycloak();
const realm = `cut-off-${randomUUID().slice(0, 8)}`;

const WHOLE = {
  policyEnforcementMode: 'ENFORCING',
  decisionStrategy: 'AFFIRMATIVE',
  scopes: ['view', 'edit'],
  resources: [
    { name: 'orders', type: 'urn:api:order', uris: ['/orders/*'], scopes: ['view', 'edit'] },
    { name: 'reports', uris: ['/reports'], scopes: ['view'], attributes: { tier: ['gold'] } },
  ],
  policies: [
    { name: 'both', type: 'aggregate', policies: ['is member', 'in time'] },
    { name: 'is member', type: 'role', roles: ['member'], fetchRoles: true },
    { name: 'in time', type: 'time', notBefore: '2024-01-01 00:00:00' },
  ],
  permissions: [
    { name: 'orders', resourceType: 'urn:api:order', policies: ['is member'] },
    { name: 'edit', resources: ['orders'], scopes: ['edit'], policies: ['both'] },
  ],
};

/** Things to change, to take away and to keep. */
const BEFORE = {
  scopes: ['view', 'old'],
  resources: [
    { name: 'reports', uris: ['/old'], scopes: ['view', 'old'] },
    { name: 'old', scopes: ['old'] },
  ],
  policies: [{ name: 'is member', type: 'role', roles: ['member'] }],
  permissions: [{ name: 'edit', resources: ['old'], scopes: ['old'], policies: ['is member'] }],
};

/** Stands before Keycloak, and is gone with a call that changes something. */
async function startLine() {
  let changes = 0;
  let last: number | undefined;
  let isAnswerLost = false;
  const server = createServer(async (request, response) => {
    const isChange = request.method !== 'GET' && (request.url ?? '').startsWith('/admin/');
    if (isChange) changes++;
    const isOver = last !== undefined && changes >= last;
    const isDone = isOver && isAnswerLost && isChange && changes === last;
    if (isOver && !isDone) return void request.socket.destroy();
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const headers = new Headers();
    for (const name of ['authorization', 'content-type'] as const) {
      const value = request.headers[name];
      if (value !== undefined) headers.set(name, value);
    }
    const body = chunks.length === 0 ? {} : { body: Buffer.concat(chunks) };
    const answer = await fetch(keycloak.url + request.url, {
      ...{ method: request.method ?? 'GET', headers },
      ...body,
    });
    const text = Buffer.from(await answer.arrayBuffer());
    if (isDone) return void request.socket.destroy();
    const location = answer.headers.get('location');
    response.writeHead(answer.status, {
      'content-type': answer.headers.get('content-type') ?? 'application/json',
      ...(location === null ? {} : { location }),
    });
    response.end(text);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    server: server as Server,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    changes: () => changes,
    /** @param at the last call that changes something; `undefined`: none is the last */
    cut(at: number | undefined, when: 'before' | 'after' = 'before') {
      changes = 0;
      last = at;
      isAnswerLost = when === 'after';
    },
  };
}

describe('authz apply, cut off with each call to a real Keycloak', () => {
  let line: Awaited<ReturnType<typeof startLine>>;
  let api: AdminConnection['api'];

  before(async () => {
    line = await startLine();
    api = await connect();
    await api.realms.create({ realm, enabled: true, roles: { realm: [{ name: 'member' }] } });
  });
  after(async () => {
    line.cut(undefined);
    await (await connect()).realms.del({ realm });
    line.server.closeAllConnections();
    line.server.close();
  });

  async function connect(): Promise<AdminConnection['api']> {
    const credentials = { realm: 'master', username: keycloak.adminUser, password: keycloak.adminPassword };
    return (await connectAdmin({ serverUrl: line.url, credentials, timeoutMs: 60_000 })).api;
  }

  /** A client without authorization services. */
  async function reset(): Promise<void> {
    line.cut(undefined);
    api = await connect();
    const [client] = await api.clients.find({ realm, clientId: 'api' });
    if (client?.id !== undefined) await api.clients.del({ realm, id: client.id });
    await api.clients.create({ realm, clientId: 'api', secret: 'api-secret' });
  }

  async function apply(file: unknown): Promise<void> {
    const read = readAuthzValue(file);
    assert.ok('model' in read, JSON.stringify(read));
    const state = await readAuthz(api, realm, 'api');
    for await (const _ of applyAuthz(api, planAuthz(read.model, state, true).steps, read.model, state));
  }

  const exported = async () => JSON.stringify(toFile((await readAuthz(api, realm, 'api')).model));

  for (const [what, start] of [
    ['from nothing', undefined],
    ['from something else', BEFORE],
  ] as const) {
    for (const when of ['before', 'after'] as const) {
      test(`${what}, ${when} Keycloak did it: the second run ends as one that nothing stopped`, async (t) => {
        await reset();
        if (start) await apply(start);
        line.cut(undefined);
        await apply(WHOLE);
        const calls = line.changes();
        const whole = await exported();
        for (let last = 1; last <= calls; last++) {
          await reset();
          if (start) await apply(start);
          line.cut(last, when);
          await assert.rejects(apply(WHOLE), `call ${last} of ${calls}`);
          line.cut(undefined);
          await apply(WHOLE);
          assert.equal(await exported(), whole, `call ${last} of ${calls}`);
        }
        t.diagnostic(`cut off at each of ${calls} calls`);
        assert.ok(calls >= 8, `${calls} calls`);
      });
    }
  }
});
