import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type RunningKeycloak, startKeycloak } from '../../../tools/run/keycloak/index.ts';
import { startExample } from '../../contract/mcp/dance.ts';
import { createPerson } from '../../contract/mcp/person.ts';
import { createKeeper, REDIRECT_URI, SDKS } from '../../contract/mcp/sdk.ts';
import { SERVERS } from '../../contract/mcp/servers.ts';
import { createTestCertificate } from '../../support/certificates.ts';
import { createMcpRealm } from '../support/mcp-realm.ts';

// Documents by https from a domain that is not this machine, as in production: with a Keycloak of its own, which finds that
// domain here and trusts its certificate.

const DOMAIN = 'programs.example.test';
let keycloak: RunningKeycloak;
let clientId: string;
let asked = 0;
let close: () => Promise<void>;

before(async () => {
  const { key, cert } = createTestCertificate(DOMAIN);
  const documents = createServer({ key, cert }, (_request, response) => {
    asked++;
    response.setHeader('content-type', 'application/json');
    response.end(
      JSON.stringify({
        ...{ client_id: clientId, client_name: 'A documented program', redirect_uris: [REDIRECT_URI] },
        ...{ token_endpoint_auth_method: 'none', response_types: ['code'] },
        grant_types: ['authorization_code', 'refresh_token'],
      }),
    );
  }).listen(0, '127.0.0.1');
  await once(documents, 'listening');
  clientId = `https://${DOMAIN}:${(documents.address() as AddressInfo).port}/client.json`;
  const folder = await mkdtemp(join(tmpdir(), 'documents-'));
  const [trusted, hosts] = [join(folder, 'trusted.pem'), join(folder, 'hosts')];
  await writeFile(trusted, cert);
  await writeFile(hosts, `127.0.0.1 localhost ${DOMAIN}\n`);
  keycloak = await startKeycloak({
    features: ['resource-indicators', 'cimd'],
    env: { KC_TRUSTSTORE_PATHS: trusted, JAVA_OPTS_APPEND: `-Djdk.net.hosts.file=${hosts}` },
  });
  close = async () => {
    documents.closeAllConnections();
    documents.close();
    await keycloak.close();
    await rm(folder, { recursive: true });
  };
});
after(() => close?.());

for (const sdk of SDKS.filter(({ isModern }) => !isModern)) {
  test(`${sdk.name}: is named by its document, signs in, calls`, async (t) => {
    const before = asked;
    const { url, realm } = await startExample(
      t,
      (at) => createMcpRealm({ ...keycloak, realm: 'master' }, at, '--documents', DOMAIN),
      {},
      SERVERS[1],
    );
    const person = createPerson(realm.user.username, realm.user.password, REDIRECT_URI);
    const keeper = createKeeper(undefined, clientId);
    const program = sdk.start(url, keeper);
    t.after(() => program.close());
    await assert.rejects(program.connect(), program.isUnauthorized);
    assert.equal(keeper.asked?.searchParams.get('client_id'), clientId);
    await program.finish(await person.authorize(keeper.asked as URL));
    assert.deepEqual(person.seen, ['sign-in', 'consent']);
    await program.connect();
    assert.equal(await program.call('list-notes'), 'Notes of abdullah: buy tea');
    assert.equal(await program.call('clear-notes'), 'Cleared');
    assert.equal(asked - before, 1);
  });
}
