// The service and the commands on a real Keycloak, each a process of its own with its standard input closed, as users start them.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { runProgram } from '../../cli/support/program.ts';
import { form, PASSWORD, settingsFor } from '../../server/service.ts';
import { whenAnswering } from '../../shipped/processes.ts';
import { freePort } from '../../support/free-port.ts';
import { callAdmin, requireKeycloak } from '../support/real-keycloak.ts';

const server = requireKeycloak();
const REALM = 'as-shipped';
const FILE = new URL('../../../packages/testing/testing-realm.json', import.meta.url);
const settings = (more: Record<string, string> = {}) =>
  settingsFor(server.url, { KEYCLOAK_REALM: REALM, ...more });
const ADMIN = {
  KEYCLOAK_ADMIN_USER: server.adminUser,
  KEYCLOAK_ADMIN_PASSWORD: server.adminPassword,
};

describe(`Keycloak ${server.version}, with everything started as users start it`, {
  timeout: 180_000,
}, () => {
  before(async () => {
    await callAdmin(server, 'DELETE', `/${REALM}`).catch(() => {});
    // An id is unique in the whole server.
    const text = readFileSync(FILE, 'utf8').replace(/"id": "[^"]+",?/g, '');
    await callAdmin(server, 'POST', '', { ...JSON.parse(text), realm: REALM });
  });
  after(() => callAdmin(server, 'DELETE', `/${REALM}`));

  for (const [args, code, says] of [
    [['setup', 'events', '--yes'], 0, /events/],
    [['setup', 'api', '--client-id', 'another-api', '--yes'], 0, /another-api/],
    [['setup', 'api', '--client-id', 'a-third-api'], 2, /--yes/],
    [['doctor'], 0, /client/],
    [['authz', 'export', '--file', '-'], 2, /no authorization services yet/],
    [['token'], 1, /--user/],
  ] as const) {
    it(`keycloak-guard ${args.join(' ')}`, async () => {
      const program = runProgram([...args], { ...settings(), ...ADMIN });
      const ended = await program.ended;
      const text = `${program.stdout()}${program.stderr()}`;
      assert.equal(ended, code, text);
      assert.match(text, says);
    });
  }

  for (const [command, more] of [
    ['serve', {}],
    ['serve', { KEYCLOAK_EVENTS: 'on' }],
    ['serve', { TOKEN_CHECK: 'remote', METRICS_PORT: '0' }],
  ] as const) {
    it(`keycloak-guard ${command} with ${Object.keys(more).join(', ') || 'nothing else'}`, async () => {
      const port = String(await freePort());
      const program = runProgram([command], settings({ ...more, PORT: port }));
      const url = `http://localhost:${port}`;
      assert.equal(await whenAnswering(program, `${url}/health/live`), 200);
      const { headers, payload } = form({ username: 'abdullah', password: PASSWORD });
      const login = await fetch(`${url}/login`, { method: 'POST', headers, body: payload });
      assert.equal(login.status, 200);
      const { access_token: token } = (await login.json()) as { access_token: string };
      const answer = await fetch(`${url}/protected`, { headers: { authorization: `Bearer ${token}` } });
      assert.equal(answer.status, 200);
      assert.equal(await program.stop(), 0);
    });
  }
});
