// Answers of Keycloak to questions about permissions, in every form, without a Keycloak.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  askAsIs,
  askKeycloak,
  submitTicket,
  toGrants,
} from '../../packages/guard/src/authz/asking/question.ts';
import { createTestRealm } from '../support/test-realm.ts';
import { codeOf, createContext, refused } from './answered.ts';

const realm = createTestRealm();
const token = realm.mint({ sub: 'anna' });

describe('the answer to a question', () => {
  it('is what is granted, nothing, or that it is not known; anything else is an error that says what to mend', async () => {
    const grant = [{ rsid: 'r1', rsname: 'orders', scopes: ['view'] }];
    for (const [status, body, answer] of [
      [200, grant, [{ id: 'r1', name: 'orders', scopes: ['view'] }]],
      [200, [], []],
      [200, {}, 'provider_unavailable'],
      [200, '<p>', 'provider_unavailable'],
      [201, grant, 'provider_unavailable'],
      [403, refused('access_denied', 'not_authorized'), []],
      [403, refused('access_denied', 'request_submitted'), []],
      [403, refused('access_denied'), 'provider_unavailable'],
      [400, refused('access_denied', 'not_authorized'), 'provider_unavailable'],
      [403, refused('forbidden', 'not_authorized'), 'provider_unavailable'],
      [400, refused('invalid_resource'), 'unknown'],
      [400, refused('invalid_scope'), 'unknown'],
      [401, refused('invalid_resource'), 'provider_unavailable'],
      [400, refused('unauthorized_client', 'Invalid identity'), 'token_revoked'],
      [401, refused('unauthorized_client', 'Invalid identity'), 'provider_misconfigured'],
      [400, refused('invalid_grant', 'Invalid identity'), 'provider_unavailable'],
      [400, refused('unauthorized_client'), 'provider_misconfigured'],
      [401, refused('invalid_client'), 'provider_misconfigured'],
      [400, refused('invalid_request', 'Unknown resource server id'), 'provider_misconfigured'],
      [400, refused('invalid_request', 'Client does not support permissions'), 'provider_misconfigured'],
      [500, refused('unknown_error'), 'provider_unavailable'],
    ] as const) {
      const { context } = createContext([status, body]);
      assert.deepEqual(
        await codeOf(() => askKeycloak(context, { token, claims: '' }, ['r1#view'])),
        answer,
        JSON.stringify(body),
      );
    }
  });

  it('is asked for with the caller’s token, the claims, and no more', async () => {
    const { context, sent } = createContext([200, []]);
    await askKeycloak(context, { token, claims: '' }, ['r1#view', 'r2']);
    await askKeycloak(context, { token, claims: '[["a",["b"]]]' }, []);
    const forms = sent.map(({ init }) => [...(init.body as URLSearchParams)]);
    const common = [
      ['grant_type', 'urn:ietf:params:oauth:grant-type:uma-ticket'],
      ['audience', 'my-api'],
      ['response_mode', 'permissions'],
    ];
    const by = [
      ['client_id', 'my-api'],
      ['subject_token', token],
    ];
    assert.deepEqual(forms[0], [...common, ['permission', 'r1#view'], ['permission', 'r2'], ...by]);
    assert.deepEqual(forms[1]?.map(([name]) => name).slice(2, 5), [
      'response_mode',
      'claim_token',
      'claim_token_format',
    ]);
    const [{ url, init, secrets, isQuestion } = assert.fail()] = sent;
    assert.deepEqual(
      [url, init.method, init.headers, secrets, isQuestion],
      [
        'https://sso.test/token',
        'POST',
        { accept: 'application/json', 'x-by': 'me' },
        [token, 'the-secret'],
        true,
      ],
    );
    for (const bound of [{ cnf: { jkt: 'x' } }, { typ: 'DPoP' }])
      assert.equal(
        await codeOf(async () => askKeycloak(context, { token: realm.mint(bound), claims: '' }, [])),
        'permission_unaskable',
      );
    assert.equal(sent.length, 2);
  });

  it('is handed on as it came, where that was asked for', async () => {
    const ask = (status: number, body: unknown) =>
      codeOf(() => askAsIs(createContext([status, body]).context, token, ['r1'], {}));
    for (const body of ['{"result":true}', '[]', 'null']) assert.equal(await ask(200, body), body);
    for (const [status, body, answer] of [
      [200, 'true', 'provider_unavailable'],
      [200, '<p>', 'provider_unavailable'],
      [400, refused('invalid_resource'), 'unknown'],
      [403, refused('access_denied', 'not_authorized'), 'permission_denied'],
      [500, refused('x'), 'provider_unavailable'],
    ] as const)
      assert.equal(await ask(status, body), answer);
  });

  it('to a ticket is that it is granted, that the owner was asked, or no', async () => {
    const submit = async (status: number, body: unknown) => {
      const { context, sent } = createContext([status, body]);
      const answer = await codeOf(() => submitTicket(context, token, 'the-ticket'));
      const form = sent[0]?.init.body as URLSearchParams;
      assert.deepEqual(
        [form.get('ticket'), form.get('submit_request'), form.get('response_mode')],
        ['the-ticket', 'true', 'decision'],
      );
      return answer;
    };
    for (const [status, body, answer] of [
      [200, { result: true }, 'granted'],
      [201, { result: true }, 'provider_unavailable'],
      [200, { result: false }, 'provider_unavailable'],
      [200, '<p>', 'provider_unavailable'],
      [403, refused('access_denied', 'request_submitted'), 'requested'],
      [403, refused('access_denied', 'not_authorized'), 'refused'],
      [400, refused('invalid_resource'), 'refused'],
      [200, [], 'granted'],
      [401, refused('invalid_client'), 'provider_misconfigured'],
    ] as const)
      assert.equal(await submit(status, body), answer, JSON.stringify(body));
  });

  it('grants what can be read in it, and no more', () => {
    const good = { rsid: 'r1', rsname: 'orders', scopes: ['view'] };
    for (const [entry, grants] of [
      [good, [{ id: 'r1', name: 'orders', scopes: ['view'] }]],
      [{ rsid: 'r1' }, [{ id: 'r1', name: '', scopes: [] }]],
      [{ ...good, rsname: 7 }, [{ id: 'r1', name: '', scopes: ['view'] }]],
      ...[
        null,
        7,
        {},
        { ...good, rsid: '' },
        { ...good, rsid: 7 },
        { ...good, scopes: 'view' },
        { ...good, scopes: ['view', 7] },
      ].map((one) => [one, []] as const),
    ] as const) {
      assert.deepEqual(toGrants(JSON.stringify([entry])), grants, JSON.stringify(entry));
      assert.equal(toGrants(JSON.stringify([entry, good]))?.length, grants.length + 1);
    }
    for (const none of ['', '{}', 'null', '7', '"a"']) assert.equal(toGrants(none), undefined);
  });
});
