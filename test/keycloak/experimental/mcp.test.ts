import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeDance, startExample } from '../../contract/mcp/dance.ts';
import { SERVERS } from '../../contract/mcp/servers.ts';
import { createMcpRealm } from '../support/mcp-realm.ts';
import { requireKeycloak } from '../support/real-keycloak.ts';

const keycloak = requireKeycloak();

describeDance(
  `Keycloak ${keycloak.version} with resource indicators`,
  (url) => createMcpRealm(keycloak, url),
  [SERVERS[1]],
);

test('doctor --mcp: documents of clients that no policy takes, and a server that is no resource', async (t) => {
  const { realm, url } = await startExample(t, (at) => createMcpRealm(keycloak, at), {});
  assert.deepEqual(await realm.findTroubles(), ['mcp.metadata-documents fail']);

  const configuration = {
    'cimd-allow-http-scheme': true,
    'cimd-allow-permitted-domains': ['127.0.0.1'],
  };
  const executors = [{ executor: 'client-id-metadata-document', configuration }];
  await realm.call('PUT', '/client-policies/profiles', { profiles: [{ name: 'documents', executors }] });
  const condition = {
    condition: 'client-id-uri',
    configuration: {
      'client-id-uri-scheme': ['http'],
      'client-id-uri-allow-permitted-domains': ['127.0.0.1'],
    },
  };
  const policy = { name: 'documents', enabled: true, conditions: [condition], profiles: ['documents'] };
  await realm.call('PUT', '/client-policies/policies', { policies: [policy] });
  assert.deepEqual(await realm.findTroubles(), []);

  const found = await realm.call('GET', `/clients?clientId=${encodeURIComponent(url.href)}`);
  const [server] = (await found.json()) as { id: string; attributes: object }[];
  await realm.call('PUT', `/clients/${server?.id}`, {
    ...server,
    attributes: { ...server?.attributes, resource_url: '' },
  });
  assert.deepEqual(await realm.findTroubles(), ['mcp.client warn']);
});
