import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createPathEnforcer } from '../../../packages/connect/src/enforcer/path-enforcer.ts';
import { createPermit } from '../../../packages/guard/src/authz/index.ts';
import { engineOf, readTokenPermissions } from '../../../packages/guard/src/authz/internal.ts';
import { isAuthError, type Principal } from '../../../packages/guard/src/core/index.ts';
import { DECIDED_PATHS, PATH_TRICKS } from '../../authz/path-tricks.ts';
import type { AuthzLab } from './lab.ts';
import { PATHS } from './settings.ts';
import type { PermissionsTarget } from './suite.ts';

const UMA = 'urn:ietf:params:oauth:grant-type:uma-ticket';
let lab: AuthzLab;
let alice: Principal;
let bob: Principal;

async function outcomeOf(act: () => unknown): Promise<string> {
  try {
    await act();
    return 'in';
  } catch (error) {
    return isAuthError(error) ? error.code : String(error);
  }
}

/** Paths, and what differs by how the client is set up: the same on the embedded provider and on the newest Keycloak. */
export function definePathsContract(target: Pick<PermissionsTarget, 'name' | 'open'>): void {
  describe(`paths of the resources in ${target.name}`, () => {
    before(async () => {
      lab = await target.open();
      alice = await lab.verifier.verify(await lab.login('alice'));
      bob = await lab.verifier.verify(await lab.login('bob'));
    });
    after(() => lab.close());

    it('are decided as the resource that fits best', async () => {
      const paths = createPathEnforcer(lab.permissions({ permissionSeconds: 30 }), PATHS);
      const ask = (who: Principal, method: string, url: string) =>
        outcomeOf(() => paths.decide({ method, url, headers: {} }, who));
      const rows: [string, string, string, string][] = [
        ['GET', '/orders', 'in', 'in'],
        ['GET', '/orders/7', 'in', 'in'],
        ['GET', '/orders/7?a=b', 'in', 'in'],
        ['GET', '/orders/7/lines', 'in', 'in'],
        ['PUT', '/orders/7/lines', 'permission_denied', 'permission_denied'],
        ['DELETE', '/orders/7', 'in', 'permission_denied'],
        ['PATCH', '/orders/7', 'permission_denied', 'permission_denied'],
        ['GET', '/reports', 'in', 'permission_denied'],
        ['GET', '/reports/2026', 'in', 'permission_denied'],
        ['GET', '/ordersX', 'permission_denied', 'permission_denied'],
        ['GET', '/admin', 'in', 'permission_denied'],
        ['GET', '/admin/', 'in', 'permission_denied'],
        ['GET', '/ADMIN', 'in', 'permission_denied'],
        ['GET', '/no-scopes', 'in', 'in'],
        ['GET', '/unprotected', 'permission_denied', 'permission_denied'],
        ['GET', '/', 'permission_denied', 'permission_denied'],
      ];
      for (const [method, url, forAlice, forBob] of rows) {
        assert.deepEqual(
          [await ask(alice, method, url), await ask(bob, method, url)],
          [forAlice, forBob],
          `${method} ${url}`,
        );
      }
    });

    it('let nobody in by another way of writing them', async () => {
      const paths = createPathEnforcer(lab.permissions({ permissionSeconds: 30 }), PATHS);
      for (const url of [...PATH_TRICKS, ...DECIDED_PATHS]) {
        assert.notEqual(
          await outcomeOf(() => paths.decide({ method: 'GET', url, headers: {} }, bob)),
          'in',
          url,
        );
      }
      assert.equal(
        await outcomeOf(() => paths.decide({ method: 'GET', url: '/orders/7', headers: {} }, bob)),
        'in',
      );
    });

    it('are all read, though Keycloak gives a hundred at a time, and a new one is known with the next question', async () => {
      await lab.addResources(
        Array.from({ length: 120 }, (_, i) => ({ name: `bulk ${i}`, uris: [`/bulk/${i}`] })),
      );
      await lab.addPermission('for alice', 'bulk 119', 'only alice');
      const paths = createPathEnforcer(lab.permissions({ permissionSeconds: 0 }));
      const ask = (who: Principal) =>
        outcomeOf(() => paths.decide({ method: 'GET', url: '/bulk/119', headers: {} }, who));
      assert.deepEqual([await ask(alice), await ask(bob)], ['in', 'permission_denied']);
    });

    it('of a resource that a user registers are not taken', async () => {
      const own = await lab.login('dave', 'api');
      const resource = {
        name: 'mine',
        uris: ['/admin', '/*'],
        resource_scopes: ['view'],
        ownerManagedAccess: true,
      };
      const made = await lab.protection('POST', 'resource_set', own, resource);
      const share = { resource: made._id, scopeName: 'view', requesterName: 'dave', granted: true };
      await lab.protection('POST', 'permission/ticket', own, share);
      const dave = await lab.verifier.verify(await lab.login('dave'));
      const paths = createPathEnforcer(lab.permissions({ permissionSeconds: 30 }));
      for (const url of ['/admin', '/other']) {
        assert.equal(
          await outcomeOf(() => paths.decide({ method: 'GET', url, headers: {} }, dave)),
          'permission_denied',
        );
      }
    });
  });

  describe(`what ${target.name} issues and sets`, () => {
    before(async () => {
      lab = await target.open();
      bob = await lab.verifier.verify(await lab.login('bob'));
    });
    after(() => lab.close());

    it('an RPT is believed while it is young, and never one that was refreshed', async () => {
      const engine = engineOf(lab.permissions({ permissionSeconds: 30 }));
      const form = { grant_type: UMA, audience: 'api', permission: 'orders#view' };
      const answer = await lab.token(form, { authorization: `Bearer ${await lab.login('bob')}` });
      const carried = readTokenPermissions(answer.access_token as string, engine);
      assert.deepEqual(
        carried?.map(({ name, scopes }) => [name, scopes]),
        [['orders', ['view']]],
      );
      const client = { client_id: 'web', client_secret: 'web-secret' };
      const refreshed = await lab.token({
        grant_type: 'refresh_token',
        refresh_token: answer.refresh_token as string,
        ...client,
      });
      const payload = JSON.parse(
        Buffer.from((refreshed.access_token as string).split('.')[1] as string, 'base64url').toString(),
      );
      assert.ok(payload.authorization.permissions.length > 0, 'it carries the old permissions');
      assert.equal(readTokenPermissions(refreshed.access_token as string, engine), undefined);
    });

    it('a token that is bound to a key is refused by Keycloak in each form, and by us before', async () => {
      const { createTestKey, signCompact } = await import('../../support/signing-keys.ts');
      const key = createTestKey('ES256');
      const { kty, crv, x, y } = key.jwk;
      const endpoint = `${lab.issuer}/protocol/openid-connect/token`;
      const proof = signCompact(
        { alg: 'ES256', typ: 'dpop+jwt', jwk: { kty, crv, x, y } },
        { jti: crypto.randomUUID(), htm: 'POST', htu: endpoint, iat: Math.floor(Date.now() / 1000) },
        key.privateKey,
        'ES256',
      );
      const client = { client_id: 'web', client_secret: 'web-secret' };
      const bound = await lab.token(
        { grant_type: 'password', username: 'bob', password: 'bob-pw', ...client },
        { dpop: proof },
      );
      assert.equal(bound.token_type, 'DPoP');
      const token = bound.access_token as string;
      const form = { grant_type: UMA, audience: 'api', permission: 'orders#view' };
      const refusal = await lab.token(form, { authorization: `Bearer ${token}` });
      assert.equal(refusal.error, 'invalid_grant');
      const api = { client_id: 'api', client_secret: 'api-secret', subject_token: token };
      assert.equal((await lab.token({ ...form, ...api })).error_description, 'Invalid identity');
      assert.equal(await outcomeOf(() => lab.permissions().has(token, ['orders#view'])), 'token_bound');
      const trusting = { ...lab.verifier, verify: () => bob };
      assert.equal(
        await outcomeOf(() => lab.permissions({ verifier: trusting }).has(token, ['orders#view'])),
        'permission_unaskable',
      );
    });

    it('PERMISSIVE grants what no permission is about, and DISABLED all that exists', async () => {
      const granted = async (name: string) => lab.permissions().has(bob, [name]);
      for (const [policyEnforcementMode, unprotected, admin] of [
        ['ENFORCING', false, false],
        ['PERMISSIVE', true, false],
        ['DISABLED', true, true],
      ] as const) {
        await lab.changeServer({ policyEnforcementMode });
        assert.equal(await granted('unprotected#view'), unprotected, policyEnforcementMode);
        assert.equal(await granted('admin#view'), admin, policyEnforcementMode);
        assert.equal(await outcomeOf(() => granted('nope#view')), 'provider_misconfigured');
      }
      await lab.changeServer({ policyEnforcementMode: 'ENFORCING' });
    });

    it('without remote management names cannot be looked up, and the reason says what to switch on', async () => {
      await lab.changeServer({ allowRemoteResourceManagement: false });
      const permit = createPermit(lab.permissions(), 'orders#view');
      const error = await Promise.resolve()
        .then(() => permit.decide({}, bob))
        .catch((thrown: unknown) => thrown);
      await lab.changeServer({ allowRemoteResourceManagement: true });
      assert.ok(isAuthError(error) && error.code === 'provider_misconfigured');
      assert.match(error.reason, /"Remote resource management"/);
    });

    it('a resource server that is disabled can ask nothing', async () => {
      const id = await lab.idOf('orders');
      await lab.enableClient(false);
      const byId = await outcomeOf(() => lab.permissions().check(bob, [{ resourceId: id, scope: 'view' }]));
      const byName = await outcomeOf(() => lab.permissions().check(bob, ['orders#view']));
      await lab.enableClient(true);
      assert.deepEqual([byId, byName], ['provider_misconfigured', 'provider_misconfigured']);
    });

    it('a question about twenty resources is one, and twenty names are looked up once for everybody', async () => {
      await lab.addResources(
        Array.from({ length: 20 }, (_, i) => ({ name: `many ${i}`, type: 'urn:api:order' })),
      );
      let questions = 0;
      const permissions = lab.permissions({
        permissionSeconds: 30,
        fetch(input, init) {
          if (init?.body instanceof URLSearchParams && init.body.get('grant_type') === UMA) questions++;
          return fetch(input, init);
        },
      });
      const all = Array.from({ length: 20 }, (_, i) => `many ${i}#view`);
      const tokens = await Promise.all(['alice', 'bob'].map((name) => lab.login(name)));
      for (let round = 0; round < 3; round++) {
        for (const answers of await Promise.all(tokens.map((token) => permissions.check(token, all)))) {
          assert.equal(answers.length, 20);
        }
      }
      assert.equal(questions, 2);
    });
  });
}
