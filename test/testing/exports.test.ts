import assert from 'node:assert/strict';
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { decodeJwt } from 'jose';
import { startTestIdp } from '../support/dev-idp.ts';

/** Cut out of what `kc.sh export` wrote: with `--users same_file`, and with `--dir --users different_files`. */
const EXPORTS = fileURLToPath(new URL('./exports/', import.meta.url));
const NEWEST = join(EXPORTS, '26.7.3.json');
const OLDEST = join(EXPORTS, '22.0.5');

async function claimsFrom(realmFile: string, form: Record<string, string>) {
  const idp = await startTestIdp({ realmFile });
  try {
    const answer = await fetch(`${idp.issuer}/protocol/openid-connect/token`, {
      method: 'POST',
      body: new URLSearchParams(form),
    });
    const json = (await answer.json()) as { access_token?: string };
    assert.equal(answer.status, 200, JSON.stringify(json));
    return { claims: decodeJwt(json.access_token ?? ''), warnings: idp.warnings };
  } finally {
    await idp.close();
  }
}

const ALICE = {
  ...{ grant_type: 'password', client_id: 'web', client_secret: 'web-secret' },
  ...{ username: 'alice', password: 'alice-pw', scope: 'openid' },
};
const SERVICE = { grant_type: 'client_credentials', client_id: 'svc', client_secret: 'svc-secret' };

describe('a real export', () => {
  for (const [name, file] of [
    ['one file of Keycloak 26.7.3, with passwords by Argon2', NEWEST],
    ['a folder of Keycloak 22.0.5, with users in files of their own', OLDEST],
    ['the realm of that folder alone: its users are found beside it', join(OLDEST, 'kcfacts-realm.json')],
  ] as const) {
    it(`gives the tokens that Keycloak gave: ${name}`, async () => {
      const { claims, warnings } = await claimsFrom(file, ALICE);
      // As Keycloak's: the level has the name of the realm, and the audience is by mapper and by roles.
      assert.equal(claims.acr, 'silver');
      assert.ok([claims.aud].flat().includes('api'), String(claims.aud));
      assert.ok((claims.realm_access as { roles: string[] }).roles.includes('member'));
      assert.equal(claims.email, 'alice@acme.test');
      // Before Keycloak 25, no client scope put it there.
      assert.match(String(claims.sub), /^[\da-f-]{36}$/);
      assert.deepEqual(claims['allowed-origins'], ['http://127.0.0.1:9590']);
      assert.ok([claims.aud].flat().includes('account'), String(claims.aud));
      assert.deepEqual(warnings, [
        'client mtls: it authenticates by "client-x509"; this provider knows client-secret, client-secret-jwt, client-jwt, federated-jwt',
        'client mtls: its tokens are bound to no TLS certificate here',
      ]);
    });

    it(`takes the list of a service's client scopes as it is: ${name}`, async () => {
      const { claims } = await claimsFrom(file, SERVICE);
      // Keycloak 22 has mappers of the client for it, and 26 a client scope that an imported client has not.
      assert.equal(claims.client_id, file === NEWEST ? undefined : 'svc');
      assert.equal(claims.azp, 'svc');
    });
  }

  it('without its users says so, and a file of users alone is named', async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'export-'));
    t.after(() => rm(folder, { recursive: true }));
    const realm = join(folder, 'kcfacts-realm.json');
    await copyFile(join(OLDEST, 'kcfacts-realm.json'), realm);
    const { warnings } = await claimsFrom(realm, SERVICE);
    assert.match(warnings[0] ?? '', /^the file has no users, as a partial export: nobody can sign in/);
    const users = join(OLDEST, 'kcfacts-users-0.json');
    await assert.rejects(
      startTestIdp({ realmFile: users }),
      /has users alone: give kcfacts-realm\.json beside it/,
    );
    await writeFile(realm, '{');
    await assert.rejects(startTestIdp({ realmFile: folder }), /kcfacts-realm\.json is no JSON/);
    await rm(realm);
    await assert.rejects(startTestIdp({ realmFile: folder }), /has no file <realm>-realm\.json/);
  });

  it('names what it leaves out', async () => {
    const realm = {
      realm: 'blue',
      defaultSignatureAlgorithm: 'PS256',
      registrationAllowed: true,
      verifyEmail: true,
      directGrantFlow: 'with otp',
      clients: [
        { clientId: 'signed', publicClient: true, attributes: { 'request.object.required': 'request only' } },
        {
          ...{ clientId: 'pushing', publicClient: true },
          attributes: { 'require.pushed.authorization.requests': 'true' },
        },
        { clientId: 'plain', publicClient: true, attributes: { 'request.object.required': '' } },
      ],
      scopeMappings: [{ clientScope: 'payroll', roles: ['hr', 'boss'] }],
      clientPolicies: {
        policies: [
          { name: 'fapi', enabled: true },
          { name: 'off', enabled: false },
        ],
      },
    };
    const idp = await startTestIdp({ realm });
    await idp.close();
    assert.deepEqual(idp.warnings, [
      'the login flow "with otp" is left out: a name and a password sign in',
      'tokens are signed with RS256, not with PS256',
      'nobody can register on the login page',
      'nobody is asked to confirm an e-mail address',
      'client policy "fapi" is left out: clients may do what it forbids',
      'client scope payroll: everybody gets it here; in Keycloak, who has hr or boss',
      'client signed: it must sign its authorization requests in Keycloak, and need not here',
      'client pushing: it must push its authorization requests (PAR), which this provider does not take: nobody can sign in with it',
    ]);
  });
});
