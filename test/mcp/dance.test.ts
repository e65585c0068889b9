import { describeDance } from '../contract/mcp/dance.ts';
import { startEmbeddedRealm } from '../contract/mcp/embedded-realm.ts';
import { SERVERS } from '../contract/mcp/servers.ts';

describeDance('the embedded provider', startEmbeddedRealm);
describeDance(
  'the embedded provider with resource indicators',
  (url) => startEmbeddedRealm(url, ['resource-indicators', 'cimd']),
  [SERVERS[1]],
);
