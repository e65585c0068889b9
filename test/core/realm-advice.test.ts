import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AuthError } from '../../packages/guard/src/core/index.ts';
import { adviseOnRealm } from '../../packages/guard/src/core/realm/outage.ts';

for (const [code, seen, advice] of [
  ['provider_unavailable', 'HTTP 502', undefined],
  ['provider_unavailable', undefined, undefined],
  ['provider_unavailable', 'ECONNREFUSED', /Nothing listens there.* In a container, localhost/],
  ['provider_unavailable', 'ENOTFOUND', /No host has that name/],
  ['provider_unavailable', 'ERR_SSL_WRONG_VERSION_NUMBER', /speaks no TLS.* needs http/],
  ['provider_unavailable', 'DEPTH_ZERO_SELF_SIGNED_CERT', /NODE_EXTRA_CA_CERTS=.*not in \.env/],
  ['provider_unavailable', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE', /NODE_EXTRA_CA_CERTS/],
  ['provider_misconfigured', 'HTTP 404', /name of the realm/],
  ['provider_misconfigured', 'HTTP 404, no such realm', /name of the realm/],
  ['provider_misconfigured', 'HTTP 401', /Require SSL/],
  ['provider_misconfigured', 'HTTP 403', /Require SSL/],
  ['provider_misconfigured', 'another issuer', /^Correct the option issuer, or set none/],
  ['provider_misconfigured', '"issuer" of type number', /something else than the realm/],
] as const) {
  test(`a realm that answers ${seen} (${code}) is ${advice === undefined ? 'waited for' : 'looked into'}`, () => {
    const said = adviseOnRealm(new AuthError(code, 'reason', { seen }));
    if (advice === undefined) assert.equal(said, undefined);
    else assert.match(said ?? '', advice);
  });
}
