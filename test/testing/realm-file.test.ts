import assert from 'node:assert/strict';
import { pbkdf2Sync, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { decodeJwt } from 'jose';
import { type RealmRepresentation, startDevIdp } from '../../packages/testing/src/index.ts';
import { startTestIdp } from '../support/dev-idp.ts';

const person = { enabled: true, email: 'a@example.com', firstName: 'A', lastName: 'B' };
const realmOf = (change: Partial<RealmRepresentation>): RealmRepresentation => ({
  realm: 'blue',
  clients: [{ clientId: 'app', publicClient: true, directAccessGrantsEnabled: true }],
  users: [{ username: 'ann', ...person, credentials: [{ type: 'password', value: 'right' }] }],
  ...change,
});

async function withIdp(
  realm: RealmRepresentation,
  body: (idp: Awaited<ReturnType<typeof startDevIdp>>) => Promise<void>,
) {
  const idp = await startTestIdp({ realm });
  try {
    await body(idp);
  } finally {
    await idp.close();
  }
}

const login = async (issuer: string, password: string) =>
  fetch(`${issuer}/protocol/openid-connect/token`, {
    method: 'POST',
    body: new URLSearchParams({ client_id: 'app', grant_type: 'password', username: 'ann', password }),
  });

describe('a realm file', () => {
  it('may hold passwords as Keycloak hashes them with PBKDF2', async () => {
    const salt = randomBytes(16);
    const value = pbkdf2Sync('right', salt, 1000, 64, 'sha512').toString('base64');
    const credential = {
      type: 'password',
      secretData: JSON.stringify({ value, salt: salt.toString('base64') }),
      credentialData: JSON.stringify({ algorithm: 'pbkdf2-sha512', hashIterations: 1000 }),
    };
    await withIdp(
      realmOf({ users: [{ username: 'ann', ...person, credentials: [credential] }] }),
      async (idp) => {
        assert.equal((await login(idp.issuer, 'right')).status, 200);
        assert.equal((await login(idp.issuer, 'wrong')).status, 400);
        assert.deepEqual(idp.warnings, []);
      },
    );
  });

  for (const [name, value] of [
    ['memory', '4194304'],
    ['memory', 'much'],
    ['memory', '7'],
    ['parallelism', '0'],
  ] as const) {
    it(`is warned of where Argon2 with ${name} ${value} hashes a password, and nobody logs in with that`, async () => {
      const credential = {
        type: 'password',
        secretData: JSON.stringify({ value: 'AAAAAAAAAAA=', salt: 'AAAAAAAAAAAAAAAAAAAAAA==' }),
        credentialData: JSON.stringify({
          algorithm: 'argon2',
          hashIterations: 5,
          additionalParameters: { [name]: [value] },
        }),
      };
      const realm = realmOf({ users: [{ username: 'ann', ...person, credentials: [credential] }] });
      await withIdp(realm, async (idp) => {
        assert.match(
          idp.warnings.join(),
          /^user ann: the password is hashed in a way this provider cannot check/,
        );
        assert.equal((await login(idp.issuer, 'right')).status, 400);
      });
    });
  }

  for (const [name, credentialData] of [
    [
      'more rounds of PBKDF2 than a login may take',
      { algorithm: 'pbkdf2-sha512', hashIterations: 2 ** 31 - 1 },
    ],
    ['no round', { algorithm: 'pbkdf2-sha512', hashIterations: 0 }],
    ['half a round', { algorithm: 'pbkdf2-sha512', hashIterations: 1.5 }],
    ['rounds that are a text', { algorithm: 'pbkdf2-sha512', hashIterations: '27500' }],
    [
      'Argon2 that goes through 256 MiB a hundred times',
      { algorithm: 'argon2', hashIterations: 100, additionalParameters: { memory: ['262144'] } },
    ],
    ['what is no JSON', '{"algorithm":'],
    ['a list', []],
    ['nothing', null],
  ] as const) {
    it(`is warned of where a password is hashed with ${name}, and a login with it takes no time`, async () => {
      const credential = {
        type: 'password',
        secretData: JSON.stringify({ value: 'AAAAAAAAAAA=', salt: 'AAAAAAAAAAAAAAAAAAAAAA==' }),
        credentialData: typeof credentialData === 'string' ? credentialData : JSON.stringify(credentialData),
      };
      const realm = realmOf({ users: [{ username: 'ann', ...person, credentials: [credential] }] });
      await withIdp(realm, async (idp) => {
        assert.match(idp.warnings.join(), /^user ann: the password is hashed in a way/);
        const startedAt = performance.now();
        assert.equal((await login(idp.issuer, 'right')).status, 400);
        assert.ok(performance.now() - startedAt < 2_000);
      });
    });
  }

  for (const secretData of [
    '{"value":',
    '{"value":"","salt":"AAAA"}',
    'null',
    '{}',
    '{"value":7,"salt":{}}',
  ]) {
    it(`lets nobody in, and breaks nothing, where the hash is ${secretData}`, async () => {
      const credentialData = JSON.stringify({ algorithm: 'pbkdf2-sha512', hashIterations: 1000 });
      const credential = { type: 'password', secretData, credentialData };
      const realm = realmOf({ users: [{ username: 'ann', ...person, credentials: [credential] }] });
      await withIdp(realm, async (idp) => {
        for (const password of ['right', '']) assert.equal((await login(idp.issuer, password)).status, 400);
      });
    });
  }

  it('is warned of where a password or a mapper cannot be read', async () => {
    const argon = { secretData: '{}', credentialData: '{"algorithm":"my-own-hash"}' };
    const mapper = { name: 'odd', protocolMapper: 'my-own-mapper' };
    const realm = realmOf({
      users: [{ username: 'ann', ...person, credentials: [argon] }],
      clients: [{ clientId: 'app', publicClient: true, protocolMappers: [mapper] }],
    });
    await withIdp(realm, async ({ warnings }) => {
      assert.equal(warnings.length, 2);
      assert.match(
        warnings[0]!,
        /^user ann: the password is hashed in a way this provider cannot check; give the user a password/,
      );
      assert.match(warnings[1]!, /^client app: the mapper "odd" \(my-own-mapper\)/);
    });
  });

  it('is warned of clients that this provider treats otherwise than Keycloak does', async () => {
    const secret = { clientAuthenticatorType: 'client-secret', secret: 'x' };
    const realm = realmOf({
      clients: [
        { clientId: 'old', protocol: 'saml' },
        { clientId: 'cert', clientAuthenticatorType: 'client-x509' },
        { clientId: 'narrow', ...secret, fullScopeAllowed: false },
        { clientId: 'narrower', ...secret, fullScopeAllowed: false },
        { clientId: 'wide', ...secret },
      ],
      scopeMappings: [
        { client: 'narrow', roles: ['user'] },
        { client: 'wide', roles: ['user'] },
        { clientScope: 'offline_access', roles: ['offline_access'] },
      ],
      // Stands in every export.
      clientScopeMappings: { account: [{ client: 'account-console', roles: ['manage-account'] }] },
    });
    await withIdp(realm, async ({ warnings }) => {
      assert.deepEqual(warnings, [
        'client old: it speaks SAML; this provider speaks OpenID Connect alone',
        'client cert: it authenticates by "client-x509"; this provider knows client-secret, client-secret-jwt, client-jwt, federated-jwt',
        'client narrow: it has no full scope, and its scope mappings are left out: its tokens have its own roles alone',
      ]);
    });
  });

  it('is warned of what a login in Keycloak would ask for', async () => {
    const otp = { type: 'otp', secretData: '{}', credentialData: '{"digits":6}' };
    const realm = realmOf({
      users: [{ username: 'ann', enabled: true, credentials: [{ type: 'password', value: 'x' }, otp] }],
      clients: [
        { clientId: 'step', secret: 'x', authenticationFlowBindingOverrides: { browser: 'id' } },
        { clientId: 'plain', secret: 'x', authenticationFlowBindingOverrides: {} },
      ],
      identityProviders: [
        { alias: 'google', providerId: 'google' },
        { alias: 'off', providerId: 'google', enabled: false },
        { alias: 'kube', providerId: 'kubernetes', config: { issuer: 'http://x' } },
      ],
      components: { 'org.keycloak.storage.UserStorageProvider': [{ name: 'ldap' }] },
      browserFlow: 'my flow',
    });
    await withIdp(realm, async ({ warnings }) => {
      assert.deepEqual(warnings, [
        'identity provider google: nobody can sign in with it here',
        'user ann: the password alone signs in, without a second factor',
        'user federation is left out: only the users of the file are there',
        'the login flow "my flow" is left out: a name and a password sign in',
        'client step: its own login flow is left out: a name and a password sign in',
      ]);
    });
  });

  it('is warned of users who are disabled because nothing says otherwise', async () => {
    const users = [
      { username: 'ann' },
      { username: 'bob', enabled: false },
      { username: 'cid', enabled: true },
    ];
    await withIdp(realmOf({ users }), async ({ warnings }) => {
      assert.deepEqual(warnings, ['user ann: disabled, as in Keycloak, because "enabled": true is missing']);
    });
  });

  it('is warned of clients whose secret the export left out', async () => {
    const realm = realmOf({
      clients: [
        { clientId: 'masked', secret: '**********' },
        { clientId: 'none' },
        { clientId: 'good', secret: 'x' },
        { clientId: 'public', publicClient: true },
        { clientId: 'bearer', bearerOnly: true },
      ],
    });
    await withIdp(realm, async ({ warnings }) => {
      assert.deepEqual(warnings, [
        "clients masked, none: their secrets are not in the file (**********), so they cannot log in: Keycloak's console leaves " +
          'secrets out of a partial export. Write the one under Clients > masked > Credentials into the file as "secret", or ' +
          'export with "kc.sh export"',
      ]);
    });
  });

  it('may nest claims, and a claim named __proto__ changes nothing but the token', async () => {
    const hardcoded = (name: string, value: string, type = 'String') => ({
      name,
      protocolMapper: 'oidc-hardcoded-claim-mapper',
      config: {
        'claim.name': name,
        'claim.value': value,
        'jsonType.label': type,
        'access.token.claim': 'true',
      },
    });
    const mappers = [
      hardcoded('a.b', '1', 'int'),
      hardcoded('a.c\\.d', 'x'),
      hardcoded('__proto__.evil', 'x'),
    ];
    const realm = realmOf({});
    Object.assign(realm.clients![0]!, { protocolMappers: mappers });
    await withIdp(realm, async (idp) => {
      const claims = decodeJwt(await idp.issueToken());
      assert.deepEqual(claims.a, { b: 1, 'c.d': 'x' });
      assert.equal(({} as { evil?: string }).evil, undefined);
    });
  });

  it('is the one of the package where there is none, and startDevIdp needs no options', async () => {
    const idp = await startDevIdp();
    try {
      assert.equal(idp.realm, 'testing');
      assert.equal(decodeJwt(await idp.issueToken()).preferred_username, 'abdullah');
    } finally {
      await idp.close();
    }
  });

  it('must be a realm, one of two options, and on loopback', async () => {
    await assert.rejects(startDevIdp({ realm: {} as RealmRepresentation }), /has no "realm"/);
    // As Keycloak's Admin API does.
    await assert.rejects(startDevIdp({ realm: realmOf({ realm: 'a/b' }) }), /'a\/b' is no realm: .*'\/'/);
    await assert.rejects(
      startDevIdp({ realm: realmOf({}), realmFile: 'x.json' }),
      /give "realm" or "realmFile", not both/,
    );
    await assert.rejects(startDevIdp({ realmFile: 'no-such-file.json' }), /cannot be read \(ENOENT\)/);
    const misspelt = { realmfile: 'realm.json' } as object;
    await assert.rejects(startDevIdp(misspelt), /there is no "realmfile"\. It takes realmFile, realm, /);
    await assert.rejects(
      startDevIdp({ realm: realmOf({}), host: '0.0.0.0' as 'localhost' }),
      /must be 127\.0\.0\.1/,
    );
  });
});

it("the guide's realm knows the service, and the programs of the guide's pages", async () => {
  const file = new URL('../../packages/testing/testing-realm.json', import.meta.url);
  await withIdp(JSON.parse(readFileSync(file, 'utf8')) as RealmRepresentation, async (idp) => {
    for (const app of ['http://localhost:8000', 'http://127.0.0.1:8000', 'http://localhost:3000']) {
      const client = { client_id: 'fastapi-keycloak' };
      const code = { response_type: 'code', scope: 'openid', redirect_uri: `${app}/auth/callback` };
      const endpoints = `${idp.issuer}/protocol/openid-connect`;
      const login = await fetch(`${endpoints}/auth?${new URLSearchParams({ ...client, ...code })}`);
      assert.equal(login.status, 200, app);
      const home = { ...client, post_logout_redirect_uri: `${app}/` };
      const logout = await fetch(`${endpoints}/logout?${new URLSearchParams(home)}`, { redirect: 'manual' });
      assert.notEqual(logout.status, 400, app);
      const token = await fetch(`${endpoints}/token`, {
        method: 'POST',
        headers: { origin: app },
        body: new URLSearchParams({
          ...{ ...client, client_secret: 'for-development-only', grant_type: 'password' },
          ...{ username: 'abdullah', password: 'Test#123456' },
        }),
      });
      assert.equal(token.headers.get('access-control-allow-origin'), app);
    }
  });
});

it('answers under loopback names and its public one alone: DNS rebinding gets no token', async () => {
  const { request } = await import('node:http');
  const ask = (port: number, host: string) =>
    new Promise<string>((resolve, reject) => {
      const path = '/realms/blue/protocol/openid-connect/token';
      const form = 'client_id=app&grant_type=password&username=ann&password=right';
      const headers = { host, 'content-type': 'application/x-www-form-urlencoded' };
      request({ port, host: '127.0.0.1', path, method: 'POST', headers }, (answer) => {
        let text = '';
        answer.on('data', (chunk) => {
          text += chunk;
        });
        answer.on('end', () => resolve(`${answer.statusCode} ${text}`));
      })
        .on('error', reject)
        .end(form);
    });
  const refused =
    '403 {"error":"invalid_request","error_description":"The embedded provider answers to loopback names, ' +
    'and to that of the option \\"publicUrl\\"."}';
  const own = ['localhost', 'LOCALHOST:1', 'app.localhost:80', '127.0.0.1', '127.8.8.8:99', '[::1]:5'];
  const foreign = [
    'evil.test',
    'evil.test:80',
    'localhost.evil.test',
    '127.0.0.1.evil.test',
    'evil.test@localhost',
  ];
  await withIdp(realmOf({}), async ({ port }) => {
    for (const host of own) assert.match(await ask(port, host), /^200 /, host);
    for (const host of [...foreign, '127.evil', 'sso.test'])
      assert.equal(await ask(port, host), refused, host);
  });
  const idp = await startTestIdp({ realm: realmOf({}), publicUrl: 'http://sso.test:8080' });
  try {
    for (const host of [...own, 'sso.test:8080']) assert.match(await ask(idp.port, host), /^200 /, host);
    for (const host of [...foreign, 'sso.test']) assert.equal(await ask(idp.port, host), refused, host);
  } finally {
    await idp.close();
  }
});

it('refuses production, unless it is told', async (t) => {
  const before = process.env.NODE_ENV;
  t.after(() => {
    process.env.NODE_ENV = before;
  });
  process.env.NODE_ENV = 'production';
  await assert.rejects(startDevIdp({ realm: realmOf({}) }), {
    message:
      'startDevIdp: refused, NODE_ENV is production. Everybody knows the passwords of its realm. ' +
      'If this is a test all the same, set "allowProduction: true"',
  });
  const idp = await startTestIdp({ realm: realmOf({}), allowProduction: true });
  await idp.close();
});
