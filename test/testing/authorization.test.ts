import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AuthorizationSettings, ClientRepresentation } from '../../packages/testing/src/index.ts';
import { startTestIdp } from '../support/dev-idp.ts';

const settings: AuthorizationSettings = {
  resources: [{ name: 'orders', scopes: ['view'] }],
  policies: [
    { name: 'alice', type: 'user', config: { users: '["alice"]' } },
    {
      ...{ name: 'view', type: 'scope' },
      config: { resources: '["orders"]', scopes: '["view"]', applyPolicies: '["alice"]' },
    },
  ],
};
const person = { enabled: true, firstName: 'A', lastName: 'B' };

async function withApi(
  change: Partial<ClientRepresentation>,
  body: (lab: {
    idp: Awaited<ReturnType<typeof startTestIdp>>;
    post(path: string, init: RequestInit): Promise<Response>;
    ask(token: string): Promise<number>;
  }) => Promise<void>,
): Promise<void> {
  const api = {
    ...{ clientId: 'api', secret: 's', serviceAccountsEnabled: true, authorizationServicesEnabled: true },
    ...{ authorizationSettings: settings, ...change },
  };
  const users = ['alice', 'bob'].map((username) => ({ ...person, username, email: `${username}@acme.test` }));
  const idp = await startTestIdp({ realm: { realm: 'r', clients: [api], users } });
  const post = (path: string, init: RequestInit) =>
    fetch(`${idp.issuer}${path}`, { method: 'POST', ...init });
  const ask = async (token: string) => {
    const fields = { audience: 'api', permission: 'orders#view', response_mode: 'decision' };
    const body = new URLSearchParams({
      grant_type: 'urn:ietf:params:oauth:grant-type:uma-ticket',
      ...fields,
    });
    const answer = await post('/protocol/openid-connect/token', {
      body,
      headers: { authorization: `Bearer ${token}` },
    });
    await answer.arrayBuffer();
    return answer.status;
  };
  try {
    await body({ idp, post, ask });
  } finally {
    await idp.close();
  }
}

describe('authorization settings of a realm file', () => {
  it('need no warning where all of it is understood', () =>
    withApi({}, async ({ idp, ask }) => {
      assert.deepEqual(idp.warnings, []);
      assert.equal(await ask(await idp.issueToken({ username: 'alice', clientId: 'api' })), 200);
      assert.equal(await ask(await idp.issueToken({ username: 'bob', clientId: 'api' })), 403);
    }));

  it('say at the start what is not understood, and what is not there', async () => {
    const policies = [
      { name: 'script', type: 'js', config: { code: '$evaluation.grant();' } },
      { name: 'pattern', type: 'regex', config: { targetClaim: 'a', pattern: '(?' } },
      { name: 'people', type: 'user', config: { users: '["alice","nobody"]' } },
      {
        ...{ name: 'see', type: 'scope' },
        config: { resources: '["gone"]', scopes: '["view"]', applyPolicies: '["script","missing"]' },
      },
    ];
    await withApi({ authorizationSettings: { ...settings, policies } }, async ({ idp }) => {
      const at = (what: string) => `client api: ${what}`;
      assert.deepEqual(idp.warnings, [
        at('the js policy "script" is of a type that this provider does not know: it denies'),
        at('the regex policy "pattern" has a pattern that JavaScript does not understand ((?): it denies'),
        at('the user policy "people" names "nobody" under "users", which is not in the file'),
        at('the scope policy "see" names "missing" under "applyPolicies", which is not in the file'),
        at('the scope policy "see" names "gone" under "resources", which is not in the file'),
      ]);
    });
  });

  it('say which words Keycloak does not import', async () => {
    const users = { users: '["alice"]' };
    const policies = [
      { name: 'turned', type: 'user', logic: 'negative', config: users },
      { name: 'some', type: 'aggregate', decisionStrategy: 'any', config: { applyPolicies: '["turned"]' } },
    ];
    const words = { policyEnforcementMode: 'permissive', decisionStrategy: 'CONSENSUS' };
    const wrong = { ...settings, ...words, policies };
    await withApi({ authorizationSettings: wrong }, async ({ idp, ask }) => {
      const at = (what: string) => `client api: ${what}`;
      assert.deepEqual(idp.warnings, [
        at('"policyEnforcementMode" is "permissive", which Keycloak does not import: taken as ENFORCING'),
        at('"decisionStrategy" is "CONSENSUS", which Keycloak does not import: taken as UNANIMOUS'),
        at('the user policy "turned" has the logic "negative", which Keycloak does not import: it denies'),
        at(
          'the aggregate policy "some" has the decisionStrategy "any", which Keycloak does not import: it denies',
        ),
      ]);
      assert.equal(await ask(await idp.issueToken({ username: 'alice', clientId: 'api' })), 403);
    });
  });

  it('grant nothing more where a name or a list in them is wrong', async () => {
    const about = (name: string, config: Record<string, string>) => ({ name, type: 'scope', config });
    const wrong: Record<string, Record<string, string>> = {
      'a resource that is not there': { resources: '["order"]' },
      'resources that are no list': { resources: 'orders' },
    };
    for (const [what, config] of Object.entries(wrong)) {
      const everybody = { name: 'all', type: 'user', config: { users: '["bob"]' } };
      const wide = about('wide', { ...config, scopes: '["view"]', applyPolicies: '["all"]' });
      const policies = [...(settings.policies ?? []), everybody, wide];
      const strategy = { decisionStrategy: 'AFFIRMATIVE' };
      await withApi(
        { authorizationSettings: { ...settings, ...strategy, policies } },
        async ({ idp, ask }) => {
          assert.equal(await ask(await idp.issueToken({ username: 'bob', clientId: 'api' })), 403, what);
          assert.match(idp.warnings.join(), /the scope policy "wide" names ".+" under "resources"/);
        },
      );
    }
    const unreadable = about('view', { scopes: '["view"]', resources: '["orders"]', applyPolicies: 'alice' });
    const policies = [...(settings.policies ?? []).slice(0, 1), { ...unreadable, name: 'strict' }];
    await withApi({ authorizationSettings: { ...settings, policies } }, async ({ idp, ask }) => {
      assert.equal(await ask(await idp.issueToken({ username: 'alice', clientId: 'api' })), 403);
    });
  });

  it('deny by a pattern that is not understood, also where it is to keep people out', async () => {
    const config = { targetClaim: 'preferred_username', pattern: '(?i)MALLORY(?' };
    const blocked = { name: 'blocked', type: 'regex', logic: 'NEGATIVE', config };
    const view = {
      ...{ name: 'view', type: 'scope' },
      config: { resources: '["orders"]', scopes: '["view"]', applyPolicies: '["blocked"]' },
    };
    await withApi(
      { authorizationSettings: { ...settings, policies: [blocked, view] } },
      async ({ idp, ask }) =>
        assert.equal(await ask(await idp.issueToken({ username: 'bob', clientId: 'api' })), 403),
    );
  });

  it('say of which resource the owner is not there', async () => {
    const resources = [
      { name: 'orders', scopes: ['view'], owner: 'nobody' },
      { name: 'album', owner: { name: 'alice' } },
      { name: 'own', owner: 'api' },
    ];
    await withApi({ authorizationSettings: { ...settings, resources } }, async ({ idp }) => {
      assert.equal(idp.warnings.length, 1);
      assert.match(String(idp.warnings[0]), /the resource "orders" has an owner that is not in the file/);
    });
  });

  it('keep the owner of a resource that somebody else registers under its id', async () => {
    const roles = { client: { api: [{ name: 'uma_protection' }] } };
    const clientRoles = { api: ['uma_protection'] };
    const users = ['alice', 'bob'].map((username) => ({ ...person, username, clientRoles }));
    const api = {
      clientId: 'api',
      secret: 's',
      serviceAccountsEnabled: true,
      authorizationServicesEnabled: true,
    };
    const idp = await startTestIdp({ realm: { realm: 'r', roles, clients: [api], users } });
    const register = async (username: string, body: object) => {
      const token = await idp.issueToken({ username, clientId: 'api' });
      const answer = await fetch(`${idp.issuer}/authz/protection/resource_set`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      return (await answer.json()) as { _id: string; owner: { id: string } };
    };
    const mine = await register('alice', { name: 'diary' });
    const taken = await register('bob', { _id: mine._id, name: 'mine' });
    assert.deepEqual([taken._id, taken.owner.id], [mine._id, mine.owner.id]);
    await idp.close();
  });

  it('say where the client cannot have them', async () => {
    await withApi({ serviceAccountsEnabled: false }, async ({ idp }) => {
      assert.match(idp.warnings.join(), /^client api: authorization services need "serviceAccountsEnabled"/);
    });
    await withApi({ publicClient: true }, async ({ idp, ask }) => {
      assert.match(idp.warnings.join(), /^client api: it is public, so it has no authorization services/);
      assert.equal(await ask(await idp.issueToken({ username: 'alice', clientId: 'api' })), 400);
    });
  });

  it('without the switch are not looked at', () =>
    withApi({ authorizationServicesEnabled: false }, async ({ idp, ask }) => {
      assert.deepEqual(idp.warnings, []);
      assert.equal(await ask(await idp.issueToken({ username: 'alice', clientId: 'api' })), 400);
    }));

  it('have the same ids at every start', async () => {
    const idOf = async () => {
      let id: unknown;
      await withApi({}, async ({ idp, post }) => {
        const form = { grant_type: 'client_credentials', client_id: 'api', client_secret: 's' };
        const answer = await post('/protocol/openid-connect/token', { body: new URLSearchParams(form) });
        const { access_token: token } = (await answer.json()) as Record<string, string>;
        const found = await fetch(`${idp.issuer}/authz/protection/resource_set`, {
          headers: { authorization: `Bearer ${token}` },
        });
        [id] = (await found.json()) as string[];
        assert.equal(idp.requests.protection, 1);
      });
      return id;
    };
    const first = await idOf();
    assert.match(String(first), /^[0-9a-f-]{36}$/);
    assert.equal(await idOf(), first);
  });

  it('change with the client, at once; what was registered meanwhile is forgotten', () =>
    withApi({}, async ({ idp, ask }) => {
      const bob = await idp.issueToken({ username: 'bob', clientId: 'api' });
      assert.equal(await ask(bob), 403);
      idp.updateClient('api', { authorizationSettings: { ...settings, policyEnforcementMode: 'DISABLED' } });
      assert.equal(await ask(bob), 200);
      idp.updateClient('api', { secret: 'other' });
      assert.equal(await ask(bob), 200, 'another change leaves them alone');
      idp.updateClient('api', { authorizationServicesEnabled: false });
      assert.equal(await ask(bob), 400);
    }));

  it('decide on no token that is bound to a key', () =>
    withApi({}, async ({ idp, ask }) => {
      const claims = { typ: 'DPoP', cnf: { jkt: 'x' } };
      assert.equal(await ask(await idp.issueToken({ username: 'alice', clientId: 'api', claims })), 400);
    }));

  it('are not asked by a token that ended', () =>
    withApi({}, async ({ idp, ask }) => {
      const alice = await idp.issueToken({ username: 'alice', clientId: 'api' });
      idp.advanceClock(3600);
      assert.equal(await ask(alice), 400);
    }));
});
