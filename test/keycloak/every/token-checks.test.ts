import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import {
  createVerifier,
  type Notice,
  type Verifier,
  type VerifierOptions,
} from '../../../packages/guard/src/core/index.ts';
import { CLIENT, PASSWORD, requestTokens } from '../../contract/guide/provider.ts';
import { assertRefused, refusalOf } from '../../support/refusal.ts';
import { issueAdminToken, requireKeycloak, updateInRealm } from '../support/real-keycloak.ts';

const keycloak = requireKeycloak();
const realmUrl = `${keycloak.url}/realms/${keycloak.realm}/protocol/openid-connect`;
const LIGHTWEIGHT = {
  client_id: 'lightweight-service',
  client_secret: 'for-development-only-as-well',
};
/** Every way to end a token, and whether it can be taken back. */
const ENDS: readonly {
  name: string;
  end: (tokens: Tokens) => Promise<unknown>;
  mend?: () => Promise<unknown>;
}[] = [
  { name: 'the session ended', end: ({ refresh_token }) => post('logout', { refresh_token }) },
  {
    name: 'the token was revoked',
    end: ({ access_token: token }) => post('revoke', { token, token_type_hint: 'access_token' }),
  },
  {
    name: 'the user was disabled',
    end: () => updateInRealm(keycloak, USER, { enabled: false }),
    mend: () => updateInRealm(keycloak, USER, { enabled: true }),
  },
  {
    name: 'the client was disabled',
    end: () => updateInRealm(keycloak, `clients?clientId=${CLIENT.id}`, { enabled: false }),
    mend: () => updateInRealm(keycloak, `clients?clientId=${CLIENT.id}`, { enabled: true }),
  },
];
const USER = 'users?exact=true&username=sara';

type Tokens = { access_token: string; refresh_token: string };

async function post(path: string, fields: Record<string, string>): Promise<Response> {
  const client = { client_id: CLIENT.id, client_secret: CLIENT.secret };
  return fetch(`${realmUrl}/${path}`, {
    method: 'POST',
    body: new URLSearchParams({ ...client, ...fields }),
  });
}

async function login(fields: Record<string, string> = {}): Promise<Tokens> {
  return (await requestTokens(keycloak.url, keycloak.realm, {
    ...{ username: 'sara', password: PASSWORD, scope: 'openid' },
    ...fields,
  })) as Tokens;
}

describe(`what Keycloak ${keycloak.version} says of a token`, () => {
  const open: Verifier[] = [];
  const notices: Notice[] = [];
  /** Asks about every token at once: each is older than a second when it is asked about. */
  const verifier = (options: Partial<VerifierOptions>): Verifier => {
    const made = createVerifier({
      ...{ serverUrl: keycloak.url, realm: keycloak.realm, clientId: CLIENT.id, tokenCheck: 'remote' },
      onNotice: (notice) => notices.push(notice),
      ...options,
    });
    open.push(made);
    return made;
  };
  const byUserinfo = verifier({});
  const byIntrospection = verifier({ clientSecret: CLIENT.secret });
  before(async () => {
    await updateInRealm(keycloak, `clients?clientId=${LIGHTWEIGHT.client_id}`, {
      directAccessGrantsEnabled: true,
    });
  });
  after(() => Promise.all(open.map((one) => one.close())));

  for (const [how, asking] of [
    ['userinfo', byUserinfo],
    ['introspection', byIntrospection],
  ] as const) {
    it(`by ${how}: good is good`, async () => {
      const { access_token: token } = await login();
      assert.equal((await asking.verify(token)).username, 'sara');
      assert.equal((await asking.verify(token)).username, 'sara');
    });

    for (const { name, end, mend } of ENDS) {
      it(`by ${how}: ${name}`, async () => {
        const tokens = await login();
        await asking.verify(tokens.access_token);
        await end(tokens);
        try {
          const error = await refusalOf(() => asking.verify(tokens.access_token));
          // A client that is disabled may not introspect: that is our own fault, as a wrong secret is.
          const isOurFault = how === 'introspection' && name === 'the client was disabled';
          if (isOurFault && error.code === 'provider_misconfigured') return;
          assert.equal(error.code, 'token_revoked', error.reason);
          if (how === 'userinfo') assert.match(error.seen ?? '', /^HTTP 401 \{"error":"invalid_token"/);
        } finally {
          await mend?.();
        }
      });
    }
  }

  it('by userinfo, to whom no token arrives: nothing of the token', async () => {
    const { access_token: token } = await login();
    const deaf = verifier({
      fetch: (url, init) => fetch(url, String(url).endsWith('/userinfo') ? {} : init),
    });
    const error = await assertRefused(() => deaf.verify(token), 'provider_unavailable');
    assert.match(error.reason, /\(HTTP 401\)$/);
  });

  it('to a client with a wrong secret: nothing of the token', async () => {
    const { access_token: token } = await login({ scope: 'profile' });
    const wrong = verifier({ clientSecret: 'wrong' });
    await assertRefused(() => wrong.verify(token), 'provider_misconfigured');
    assert.ok(notices.some(({ code }) => code === 'recheck_misconfigured'));
    assert.ok(!JSON.stringify(notices).includes(CLIENT.secret));
  });

  it('of a lightweight token, by introspection alone: who it is, and that its session ended, to whoever asks first', async () => {
    const tokens = await login(LIGHTWEIGHT);
    assert.equal((await byIntrospection.verify(tokens.access_token)).username, 'sara');
    const other = await login(LIGHTWEIGHT);
    for (const { refresh_token } of [tokens, other]) await post('logout', { ...LIGHTWEIGHT, refresh_token });
    await assertRefused(() => byIntrospection.verify(tokens.access_token), 'token_revoked');
    // By a process that never saw it active.
    const restarted = verifier({ clientSecret: CLIENT.secret, tokenCheck: 'recheck' });
    if (isLacking(other.access_token)) {
      await assertRefused(() => restarted.verify(other.access_token), 'token_revoked');
    }
    await assertRefused(() => byIntrospection.verify(other.access_token), 'token_revoked');
  });

  it('of a role that was taken away from the user of a lightweight token: it is gone with the next answer', async (t) => {
    const { access_token: token } = await login(LIGHTWEIGHT);
    if (!isLacking(token)) return t.skip('this version has no lightweight tokens');
    const admin = await adminApi();
    const [user] = (await admin('GET', USER)) as { id: string }[];
    const roles = (await admin('GET', `users/${user?.id}/role-mappings/realm`)) as { name: string }[];
    const before = (await byIntrospection.verify(token)).realmRoles;
    assert.ok(before.includes('admin'));
    await admin('DELETE', `users/${user?.id}/role-mappings/realm`, roles);
    try {
      const { realmRoles } = await byIntrospection.verify(token);
      // What is left comes by her groups.
      assert.deepEqual([...realmRoles].sort(), ['auditor', 'user']);
    } finally {
      await admin('POST', `users/${user?.id}/role-mappings/realm`, roles);
    }
    assert.deepEqual([...(await byIntrospection.verify(token)).realmRoles].sort(), [...before].sort());
  });
});

function isLacking(token: string): boolean {
  const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
  return claims.preferred_username === undefined;
}

async function adminApi() {
  const headers = {
    authorization: `Bearer ${await issueAdminToken(keycloak)}`,
    'content-type': 'application/json',
  };
  return async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const url = `${keycloak.url}/admin/realms/${keycloak.realm}/${path}`;
    const response = await fetch(url, { method, headers, ...(body ? { body: JSON.stringify(body) } : {}) });
    assert.ok(response.ok, `${method} ${path}: ${response.status}`);
    return response.status === 204 ? undefined : response.json();
  };
}
