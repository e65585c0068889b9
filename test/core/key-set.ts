import { resolveOptions, type VerifierOptions } from '../../packages/guard/src/core/options.ts';
import { createIssuer } from '../../packages/guard/src/core/realm/issuer.ts';
import { createKeySet } from '../../packages/guard/src/core/realm/keys.ts';
import { createOutage } from '../../packages/guard/src/core/realm/outage.ts';
import { createEpoch } from '../../packages/guard/src/core/revocation/revocation-list.ts';
import type { TestKey } from '../support/signing-keys.ts';
import { createTestRealm } from '../support/test-realm.ts';

/** The keys of a realm in memory; nothing is loaded yet. */
export function startKeySet(options: { keys?: TestKey[] } = {}, more: Partial<VerifierOptions> = {}) {
  const realm = createTestRealm(options);
  const resolved = resolveOptions({
    serverUrl: realm.serverUrl,
    realm: realm.realm,
    clientId: realm.clientId,
    clock: realm.clock,
    fetch: realm.fetch,
    onNotice: (notice) => realm.notices.push(notice),
    ...more,
  });
  const epoch = createEpoch();
  const { serverUrl, timeoutMs, fetch } = resolved;
  const issuer = createIssuer({ serverUrl, realm: resolved.realm, timeoutMs, fetch });
  const keys = createKeySet(issuer, resolved, epoch, createOutage(resolved.onNotice));
  return { realm, epoch, keys };
}
