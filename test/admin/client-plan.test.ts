import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  planCallers,
  planDevCaller,
  toServiceClient,
  toSpaClient,
} from '../../packages/cli/src/admin/callers.ts';
import type { CredentialGoal, CredentialState } from '../../packages/cli/src/admin/credential.ts';
import { planCredential } from '../../packages/cli/src/admin/credential.ts';
import { toClient } from '../../packages/cli/src/admin/goal.ts';
import { completeClient, createClient } from '../../packages/cli/src/admin/plan/complete-client.ts';
import type { PlanStep, Step } from '../../packages/cli/src/admin/plan/step.ts';

const APP = 'https://app.example';
const GUIDE = toClient({
  ...{ realm: 'shop', clientId: 'api', appUrl: APP, enable: false },
  ...{ realmRoles: [], clientRoles: [], groups: [] },
  backchannelLogoutUrl: { url: `${APP}/backchannel-logout`, replace: false },
});
const CALLBACKS = [`${APP}/auth/callback`, `${APP}/docs/static/oauth2-redirect.html`];
const SPA = toSpaClient({ clientId: 'web', appUrl: APP, redirectUris: [`${APP}/signed-in`] });

const shown = (steps: readonly PlanStep[]) =>
  steps.flatMap(({ changes }) => changes.map(({ field, from, to }) => `${field}: ${from} → ${to}`));
const opened = (steps: readonly PlanStep[]) => steps.flatMap(({ opens = [] }) => opens);

describe('a new client', () => {
  test('of an application with pages is shown with its addresses', () => {
    assert.deepEqual(shown([createClient(GUIDE)]), [
      'Client authentication:  → on',
      'Standard flow, Direct access grants:  → on',
      'PKCE:  → S256',
      `Valid redirect URIs:  → ${CALLBACKS.join(', ')}`,
      `Valid post logout redirect URIs:  → ${APP}/`,
      `Web origins:  → ${APP}`,
      `Backchannel logout URL:  → ${APP}/backchannel-logout`,
      'Mapper:  → audience api',
    ]);
    assert.deepEqual(shown([createClient(SPA)]), [
      'Client authentication:  → off (public)',
      'Standard flow:  → on',
      'PKCE:  → S256',
      `Valid redirect URIs:  → ${APP}/signed-in`,
      `Valid post logout redirect URIs:  → ${APP}/`,
      `Web origins:  → ${APP}`,
    ]);
  });

  test('without sign-in is shown without what it has not', () => {
    const attributes = { 'standard.token.exchange.enabled': 'true' };
    assert.deepEqual(shown([createClient({ ...toServiceClient('worker'), attributes })]), [
      'Client authentication:  → on',
      'Service accounts roles:  → on',
      'Standard token exchange:  → on',
    ]);
    assert.deepEqual(shown([createClient({ ...toServiceClient('worker'), serviceAccountsEnabled: false })]), [
      'Client authentication:  → on',
      'Flows:  → none',
    ]);
  });
});

describe('a client that is there', () => {
  const THERE = { ...GUIDE, enabled: true };
  const completed = (client: object, how = {}, target = GUIDE) =>
    completeClient({ ...THERE, ...client }, target, how);

  test('and has all, is left', () => assert.deepEqual(completed({}), []));

  test('gets the settings that it lacks, and says what they open', () => {
    const steps = completed({
      ...{ standardFlowEnabled: undefined, directAccessGrantsEnabled: undefined },
      ...{ redirectUris: undefined, webOrigins: undefined, attributes: undefined },
    });
    assert.deepEqual(shown(steps), [
      'Standard flow: off → on',
      'Direct access grants: off → on',
      `Valid redirect URIs:  → ${CALLBACKS.join(', ')}`,
      `Web origins:  → ${APP}`,
      'PKCE: not required → S256',
      `Valid post logout redirect URIs:  → ${APP}/`,
      `Backchannel logout URL:  → ${APP}/backchannel-logout`,
      'Backchannel logout session required: off → on',
    ]);
    assert.deepEqual(opened(steps), [
      'people can sign in to api with the browser',
      "who has the secret of api can sign people in with their passwords, without Keycloak's page",
      `logins of api can end at ${CALLBACKS.join(', ')}, too: who answers there gets the codes`,
      `pages of ${APP} can call Keycloak as api`,
      `logouts of api can end at ${APP}/, too`,
      `Keycloak reports logouts of api to ${APP}/backchannel-logout`,
    ]);
  });

  const attributesBut = (name: string, value: string) => ({
    attributes: { ...GUIDE.attributes, [name]: value },
  });

  test('has the method of PKCE replaced that gives the verifier away', () => {
    assert.deepEqual(shown(completed(attributesBut('pkce.code.challenge.method', 'plain'))), [
      'PKCE: plain → S256',
    ]);
  });

  test('keeps the address for logouts of somebody else, unless its own was named', () => {
    const elsewhere = attributesBut('backchannel.logout.url', 'https://elsewhere.example/logout');
    assert.deepEqual(completed(elsewhere), []);
    assert.deepEqual(shown(completed(elsewhere, { replaceLogoutUrl: true })), [
      `Backchannel logout URL: https://elsewhere.example/logout → ${APP}/backchannel-logout`,
    ]);
    assert.deepEqual(completed({}, { replaceLogoutUrl: true }), []);
  });

  test('needs no origin of its own where its redirect URIs or all origins are allowed', () => {
    assert.deepEqual(completed({ webOrigins: ['*'] }), []);
    assert.deepEqual(completed({ webOrigins: ['+'] }), []);
    // The redirect URI is to come: '+' does not stand for it yet.
    const steps = completed({ webOrigins: ['+'], redirectUris: CALLBACKS.slice(1) });
    assert.deepEqual(shown(steps), [
      `Valid redirect URIs: ${CALLBACKS[1]} → ${CALLBACKS[1]}, ${CALLBACKS[0]}`,
      `Web origins: + → +, ${APP}`,
    ]);
  });

  test('may exchange tokens where that is wanted, and keeps it where it is not', () => {
    const on = { 'standard.token.exchange.enabled': 'true' };
    const worker = toServiceClient('worker');
    const target = { ...worker, attributes: on };
    const steps = completeClient(worker, target);
    assert.deepEqual(shown(steps), ['Standard token exchange: off → on']);
    assert.match(opened(steps)[0] ?? '', /^worker can exchange what its callers send it/);
    assert.deepEqual(completeClient(target, target), []);
    assert.deepEqual(completeClient(target, worker), []);
  });

  test('stays public where it is to be, and gets a credential where it is not', () => {
    assert.deepEqual(completeClient(SPA, SPA), []);
    assert.deepEqual(shown(completed({ publicClient: true })), ['Client authentication: off → on']);
  });
});

describe('the credential of a client', () => {
  const KEY = { kty: 'OKP', kid: 'k1' };
  const state = (client?: object, authenticators = ['client-secret', 'client-jwt']): CredentialState =>
    ({ client, authenticators, providers: [], others: [] }) as never;
  const planned = (client: object | undefined, goal: CredentialGoal) =>
    planCredential(state(client), 'api', goal);
  const withKeys = (...kids: string[]) => ({
    clientAuthenticatorType: 'client-jwt',
    attributes: {
      ...{ 'use.jwks.url': 'false', 'use.jwks.string': 'true' },
      'jwks.string': JSON.stringify({ keys: kids.map((kid) => ({ ...KEY, kid })) }),
    },
  });

  test('is a secret from the start: nothing to do for a new client, or for one that has it', () => {
    assert.deepEqual(planned(undefined, { type: 'secret' }), { steps: [], kept: [], blocked: [] });
    for (const there of [{}, { clientAuthenticatorType: 'client-secret' }])
      assert.deepEqual(planned(there, { type: 'secret' }), {
        ...{ steps: [], blocked: [] },
        kept: ['credential of client api'],
      });
  });

  test('becomes a secret again, which shuts out who shows the former', () => {
    const { steps, kept } = planned(withKeys('k1'), { type: 'secret' });
    assert.deepEqual(shown(steps), [
      'Client authenticator: Signed JWT → Client Id and Secret; who shows the former is refused',
    ]);
    assert.deepEqual(opened(steps), ['who knows the secret of api is api']);
    assert.deepEqual(kept, []);
    const own = planned({ clientAuthenticatorType: 'of-a-plug-in' }, { type: 'secret' });
    assert.match(shown(own.steps)[0] ?? '', /^Client authenticator: of-a-plug-in → /);
  });

  test('is a key from the start, where the client is made with it', () => {
    const { steps } = planned(undefined, { type: 'key', publicKey: KEY });
    assert.deepEqual(
      steps.map(({ kind }) => kind),
      ['create'],
    );
    assert.deepEqual(shown(steps), ['Client authenticator:  → Signed JWT', 'Keys:  → + k1']);
  });

  test('is one more key beside those that are there, of which some can be retired', () => {
    const goal = { type: 'key', publicKey: KEY } as const;
    assert.deepEqual(planned(withKeys('k1'), goal).kept, ['credential of client api']);
    const more = planned(withKeys('k0'), goal);
    assert.deepEqual(shown(more.steps), ['Keys:  → + k1']);
    assert.deepEqual(opened(more.steps), ['who has the key k1 is api']);
    const instead = planned(withKeys('k0'), { ...goal, retired: ['k0'] });
    assert.deepEqual(shown(instead.steps), ['Keys:  → + k1', 'Keys: k0 → (none): who shows it is refused']);
    const whys = (retired: string[], ...kids: string[]) =>
      planned(withKeys(...kids), { ...goal, retired }).blocked.map(({ why, fix }) => `${why}; ${fix}`);
    assert.deepEqual(whys(['k1'], 'k1', 'k2'), [
      'k1 is no key of it that could be retired; its other keys: k2',
    ]);
    assert.deepEqual(whys(['k9'], 'k1'), ['k9 is no key of it that could be retired; it has no other key']);
    assert.deepEqual(whys(['k2'], 'k1', 'k2'), []);
  });

  test('is left where Keycloak reads the keys from an address, or has no such authenticator', () => {
    const byUrl = { clientAuthenticatorType: 'client-jwt', attributes: { 'use.jwks.url': 'true' } };
    const goal = { type: 'key', publicKey: KEY } as const;
    assert.match(planned(byUrl, goal).blocked[0]?.why ?? '', /^Keycloak reads its keys from an address/);
    // It authenticates with a secret: the address is of no use.
    assert.equal(planned({ ...byUrl, clientAuthenticatorType: 'client-secret' }, goal).steps.length, 1);
    const none = planCredential(state({}, ['client-secret']), 'api', goal);
    assert.match(none.blocked[0]?.why ?? '', /has no authenticator 'Signed JWT'/);
    assert.match(
      planned({}, { ...goal, existingFile: 'key.pem' }).blocked[0]?.why ?? '',
      /^key\.pem was here before, and Keycloak does not know its key/,
    );
    assert.deepEqual(planned(withKeys('k1'), { ...goal, existingFile: 'key.pem' }).blocked, []);
  });
});

describe('clients that call an API', () => {
  const stateOf = (client: object, others: readonly { clientId: string }[] = [], usual: string[] = []) =>
    ({
      client: { clientId: 'api', ...client },
      others: new Map(others.map((one) => [one.clientId, one])),
      ...{ scopes: [], usual },
    }) as unknown as Parameters<typeof planCallers>[0];
  const made = (steps: readonly Step[]) =>
    steps.flatMap(({ action }) => (action.type === 'create-client' ? [action.client] : []));
  const scopesIn = (steps: readonly Step[]) =>
    steps.flatMap(({ action }) => (action.type === 'add-scope' ? [`${action.how} ${action.scope}`] : []));

  test('the development caller is public, with PKCE, and only the step that makes it opens something', () => {
    const { steps, blocked } = planDevCaller(stateOf({}), 'shop', 'api');
    assert.deepEqual(blocked, []);
    const { publicClient, standardFlowEnabled, directAccessGrantsEnabled, redirectUris } = made(
      steps,
    )[0] as Record<string, unknown>;
    assert.deepEqual(
      { publicClient, standardFlowEnabled, directAccessGrantsEnabled, redirectUris },
      {
        ...{ publicClient: true, standardFlowEnabled: true, directAccessGrantsEnabled: false },
        redirectUris: ['http://127.0.0.1/callback'],
      },
    );
    assert.deepEqual(
      steps.filter(({ opens = [] }) => opens.length > 0).map(({ action }) => action.type),
      ['create-client'],
    );
  });

  test('get the scopes that the client of the API has beside the usual ones; organizations where their groups are there', () => {
    const usual = ['phone', 'organization'];
    const own = { optionalClientScopes: ['phone', 'organization', 'orders'] };
    const of = (defaults: string[]) =>
      scopesIn(
        planDevCaller(stateOf({ ...own, defaultClientScopes: defaults }, [], usual), 'shop', 'api').steps,
      );
    assert.deepEqual(of([]), ['default api-audience', 'optional orders']);
    assert.deepEqual(of(['groups']), ['default api-audience', 'default groups', 'optional orders']);
    assert.deepEqual(of(['organization-groups']), [
      ...['default api-audience', 'default organization-groups'],
      ...['optional organization', 'optional orders'],
    ]);
  });

  test('are left alone where a client of that name is of another kind, or gets no tokens', () => {
    const service = toServiceClient('web');
    const whyOf = (there: object, target: typeof SPA | undefined) =>
      planCallers(stateOf({}, [{ clientId: 'web', ...there }]), {
        ...{ realm: 'shop', clientId: 'api' },
        callers: [{ clientId: 'web', target }],
      } as never).blocked.map(({ why }) => why)[0];
    for (const [there, target, why] of [
      [{ publicClient: true }, SPA, undefined],
      [{ publicClient: false }, SPA, /^it has a secret, and a page cannot keep one/],
      [{}, SPA, /^it has a secret/],
      [{ publicClient: true }, service, /^it is a public client: it has no secret/],
      [{}, service, undefined],
      [{}, undefined, undefined],
      [{ bearerOnly: true }, undefined, /^it is bearer-only/],
      [{ protocol: 'saml' }, undefined, /^it speaks saml/],
      [{ protocol: 'openid-connect' }, undefined, undefined],
    ] as const) {
      const found = whyOf(there, target);
      if (why === undefined) assert.equal(found, undefined);
      else assert.match(found ?? '', why);
    }
    const gone = planCallers(stateOf({}), {
      realm: 'shop',
      clientId: 'api',
      callers: [{ clientId: 'x' }],
    } as never);
    assert.equal(gone.blocked[0]?.why, 'there is no such client');
    const none = { ...stateOf({}), client: undefined } as never;
    assert.match(planDevCaller(none, 'shop', 'api').blocked[0]?.why ?? '', /no such client, so no token/);
  });

  test('a public client gets a secret where that is wanted: it is switched, not only said', () => {
    const there = { clientId: 'web', publicClient: true };
    const patches = (completeClient(there, toServiceClient('web')) as readonly Step[]).flatMap(
      ({ action }) => (action.type === 'update-client' ? [action.patch] : []),
    );
    assert.equal(patches.find((patch) => 'publicClient' in patch)?.publicClient, false);
  });
});
