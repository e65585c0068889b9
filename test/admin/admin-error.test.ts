import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AdminError, trying } from '../../packages/cli/src/admin/index.ts';
import { explainAdminError } from '../../packages/cli/src/keycloak/finding.ts';

test('an answer of another shape is no missing answer, and shows no line of this program', async () => {
  for (const answer of [{}, 'page', [null]] as never[]) {
    const call = trying('see the clients', async () =>
      (answer as { clientId: string }[]).find(({ clientId }) => clientId === 'x'),
    );
    await assert.rejects(call, (error) => {
      assert.ok(error instanceof AdminError);
      assert.equal(error.message, "Keycloak's answer cannot be understood, while trying to see the clients");
      assert.match(explainAdminError(error), /^Something else answers at this address/);
      return true;
    });
  }
});
