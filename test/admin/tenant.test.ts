import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { startSetup } from './run-setup.ts';

/** A Keycloak, and `setup` on it. */
async function start(t: TestContext) {
  const { keycloak, setUp } = await startSetup(t);
  const folder = await mkdtemp(join(tmpdir(), 'tenant-'));
  t.after(() => rm(folder, { recursive: true }));
  const clientOf = (realm: string, clientId: string) =>
    keycloak.realms.get(realm)?.lists.clients.find((one) => one.clientId === clientId) ??
    assert.fail(clientId);
  return { keycloak, folder, setUp, clientOf };
}

test('a tenant gets what the template has, and no secret of it; what the template gets later reaches its tenants alone', async (t) => {
  const { keycloak, folder, setUp, clientOf } = await start(t);
  const web = ['web', '--realm', 'main', '--client-id', 'shop', '--app', 'https://{tenant}.shop.example'];
  await setUp(
    ...(web as [string]),
    '--no-user',
    '--role',
    'editor',
    '--group',
    '/staff',
    '--scope',
    'orders:read',
  );
  const file = join(folder, 'secrets.json');
  const first = await setUp('tenant', 'acme', 'globex', '--template', 'main', '--secrets', file);
  assert.deepEqual(first.goesOn.slice(0, 6), [
    ...['looking for Keycloak', 'logging in as admin', 'reading the current state'],
    ...['reading acme', 'reading globex', 'create realm acme'],
  ]);
  assert.equal(first.code, 0, first.text);
  const { attributes, redirectUris, secret } = clientOf('acme', 'shop');
  assert.deepEqual(redirectUris, ['https://acme.shop.example/auth/callback']);
  assert.equal(
    (attributes as Record<string, string>)['backchannel.logout.url'],
    'https://acme.shop.example/backchannel-logout',
  );
  assert.equal(secret, 'made-by-keycloak');
  assert.deepEqual(JSON.parse(await readFile(file, 'utf8')), {
    acme: { shop: 'made-by-keycloak' },
    globex: { shop: 'made-by-keycloak' },
  });
  const { lists } = keycloak.realms.get('acme') ?? assert.fail();
  assert.deepEqual(
    lists.roles.map(({ name }) => name),
    ['editor'],
  );
  assert.ok(lists['client-scopes'].some(({ name }) => name === 'orders:read'));
  assert.deepEqual(lists.users, []);

  const before = keycloak.changes.length;
  assert.match((await setUp('tenant', '--all', '--template', 'main')).text, /Nothing to change/);
  const written = ['--template', 'main', '--secrets', file];
  assert.match((await setUp('tenant', '--all', ...written)).text, /Nothing to change/);
  assert.equal(keycloak.changes.length, before);
  clientOf('globex', 'shop').secret = 'another';
  const { text } = await setUp('tenant', '--all', 'new', ...written);
  assert.match(text, /~ change .*secrets\.json\n +Secrets of: \+ globex, new\n|Secrets of: \+ new, globex\n/);
  assert.equal(JSON.parse(await readFile(file, 'utf8')).globex.shop, 'another');

  // Somebody else's realm has no mark of the template.
  await setUp('api', '--realm', 'other', '--client-id', 'shop');
  await setUp(...(web as [string]), '--no-user', '--role', 'boss');
  const again = await setUp('tenant', '--all', '--template', 'main');
  assert.match(again.text, /Tenant acme[\s\S]*realm role boss[\s\S]*Tenant globex[\s\S]*realm role boss/);
  assert.doesNotMatch(again.text, /other/);
});

test('what a template has and a tenant does not get is left to a person, and nothing is left more open for it', async (t) => {
  const { folder, setUp, clientOf } = await start(t);
  const file = join(folder, 'template.json');
  const client = { clientId: 'shop', secret: 'the-secret', authorizationServicesEnabled: true };
  const template = {
    ...{ realm: 'main', browserFlow: 'with otp', identityProviders: [{ alias: 'google' }] },
    clients: [{ ...client, authenticationFlowBindingOverrides: { browser: 'an-id' } }],
    roles: { realm: [{ name: 'boss', composite: true }] },
  };
  await writeFile(file, JSON.stringify(template));
  const { code, text } = await setUp('tenant', 'acme', '--template', file);
  assert.equal(code, 1);
  for (const said of [
    'the login flow "with otp"',
    'login flows of shop',
    'permissions of shop',
    'identity providers',
    'composite roles',
  ])
    assert.ok(text.includes(said), text);
  const made = clientOf('acme', 'shop');
  assert.equal(made.secret, 'made-by-keycloak');
  assert.equal(made.authorizationServicesEnabled, undefined);
  assert.equal(made.authenticationFlowBindingOverrides, undefined);
});

test('a tenant gets no private key and no earlier secret that Keycloak keeps among the attributes of a client', async (t) => {
  const { folder, setUp, clientOf } = await start(t);
  const file = join(folder, 'template.json');
  // Keycloak exports them: the keys as they are, the secret as asterisks.
  const attributes = {
    'saml.signing.private.key': 'MIIJ',
    'saml.encryption.private.key': 'MIIK',
    'client.secret.rotated': '**********',
    'client.secret.rotated.expiration.time': '9999999999',
    'saml.signing.certificate': 'MIIC',
  };
  const template = { realm: 'main', clients: [{ clientId: 'shop', protocol: 'saml', attributes }] };
  await writeFile(file, JSON.stringify(template));
  const { code, text } = await setUp('tenant', 'acme', '--template', file);
  assert.equal(code, 0, text);
  assert.deepEqual(clientOf('acme', 'shop').attributes, { 'saml.signing.certificate': 'MIIC' });
});

test('a tenant gets no key of the file that is its template: whoever wrote that could sign its tokens', async (t) => {
  const { keycloak, folder, setUp } = await start(t);
  const file = join(folder, 'template.json');
  const keys = { privateKey: 'MIIE', publicKey: 'MIIB', certificate: 'MIIC', codeSecret: 'c0de' };
  await writeFile(file, JSON.stringify({ realm: 'main', ...keys, sslRequired: 'all' }));
  const { code, text } = await setUp('tenant', 'acme', '--template', file);
  assert.equal(code, 0, text);
  const { self } = keycloak.realms.get('acme') ?? assert.fail();
  assert.deepEqual([Object.keys(keys).filter((name) => name in self), self.sslRequired], [[], 'all']);
  assert.doesNotMatch(text, /MII|c0de/);
});

test('a tenant gets no key that proves a client: whoever has it would be that client at each tenant', async (t) => {
  const { folder, setUp, clientOf } = await start(t);
  const file = join(folder, 'template.json');
  const attributes = {
    'use.jwks.string': 'true',
    'jwks.string': '{"keys":[]}',
    'jwks.url': 'https://evil.example/keys',
    'jwt.credential.certificate': 'MIIC',
    'jwt.credential.sub': 'system:serviceaccount:evil:evil',
    'x509.subjectdn': 'CN=evil',
    'post.logout.redirect.uris': '+',
  };
  const clients = [
    { clientId: 'shop', clientAuthenticatorType: 'client-jwt', attributes },
    { clientId: 'web', attributes: { 'use.jwks.url': 'false', '{tenant}.url': 'https://evil.example/keys' } },
  ];
  await writeFile(file, JSON.stringify({ realm: 'main', clients }));
  const { code, text } = await setUp('tenant', 'acme', '--template', file);
  assert.deepEqual(clientOf('acme', 'shop').attributes, { 'post.logout.redirect.uris': '+' });
  assert.equal(code, 1);
  // '+' stands for the redirect URIs, which are there.
  assert.match((await setUp('tenant', 'acme', '--template', file)).text, /Nothing to change/);
  await setUp('tenant', 'jwks', '--template', file);
  assert.deepEqual(clientOf('jwks', 'web').attributes, {});
  assert.match(text, /! template: the keys of shop: not in a tenant[\s\S]*--credential key/);
});

test('setup tenant --secrets loses nothing of a file that it cannot read, and changes nothing before it says so', async (t) => {
  const { keycloak, folder, setUp } = await start(t);
  await setUp('api', '--realm', 'main', '--client-id', 'shop');
  const file = join(folder, 'secrets.json');
  const before = keycloak.changes.length;
  for (const text of ['{ "globex": { "shop": "s" }, }', 'KEYCLOAK_CLIENT_SECRET=s', '[]']) {
    await writeFile(file, text);
    await assert.rejects(
      setUp('tenant', 'acme', '--template', 'main', '--secrets', file),
      /--secrets: .*secrets\.json is there, and is no JSON object: it would be lost/,
    );
    assert.equal(await readFile(file, 'utf8'), text);
  }
  const pipe = join(folder, 'pipe');
  spawnSync('mkfifo', [pipe]);
  // Whoever opens it to read waits for a writer: this one ends the wait.
  const writer = setTimeout(() => spawn('sh', ['-c', `echo > '${pipe}'`]), 2000);
  t.after(() => clearTimeout(writer));
  const started = performance.now();
  await assert.rejects(
    setUp('tenant', 'acme', '--template', 'main', '--secrets', pipe),
    /pipe is no file that can be replaced/,
  );
  assert.ok(performance.now() - started < 2000, 'a pipe is refused, not read');
  assert.equal(keycloak.changes.length, before);
});

test('the file with the secrets of tenants stands in the plan, with what git would do with it', async (t) => {
  const { folder, setUp } = await start(t);
  await setUp('api', '--realm', 'main', '--client-id', 'shop');
  await mkdir(join(folder, '.git'));
  const file = join(folder, 'secrets.json');
  const { text } = await setUp('tenant', 'acme', '--template', 'main', '--secrets', file);
  assert.match(
    text,
    /\+ create .*secrets\.json\n.*Secrets of: acme\n.*opens: git would take .*secrets\.json/,
  );
  assert.match(text, /✓ wrote .*secrets\.json \(holds secrets; readable by you alone\)/);
});

test('organizations stand in a list, each with its domain and user', async (t) => {
  const { keycloak, folder, setUp } = await start(t);
  await setUp('api', '--realm', 'shop', '--client-id', 'orders');
  const { lists, self } = keycloak.realms.get('shop') ?? assert.fail();
  lists.users.push({ id: 'u-1', username: 'anna' });
  const list = join(folder, 'tenants.txt');
  await writeFile(list, 'acme acme.test anna # the first\n\nglobex, globex.test\n');
  const args = ['tenant', '--organization', '--realm', 'shop', '--list', list] as const;
  const made = await setUp(...args);
  assert.equal(made.code, 0, made.text);
  // Once, not once for each.
  assert.equal(made.text.split('Organizations: off → on').length, 2);
  assert.equal(self.organizationsEnabled, true);
  assert.deepEqual(
    lists.organizations.map(({ alias, domains, members }) => [alias, domains, members]),
    [
      ['acme', [{ name: 'acme.test', verified: false }], ['u-1']],
      ['globex', [{ name: 'globex.test', verified: false }], undefined],
    ],
  );
  assert.match((await setUp(...args)).text, /Nothing to change/);
  const unknown = await setUp('tenant', 'acme', '--organization', '--realm', 'shop', '--user', 'nobody');
  assert.equal(unknown.code, 1);
  assert.match(unknown.text, /! organization acme: there is no user nobody/);
});

test('a tenant that has what the template says is kept: nothing is planned that the template does not say', async (t) => {
  const { folder, setUp } = await start(t);
  const file = join(folder, 'template.json');
  const attributes = { 'backchannel.logout.url': 'https://shop.example/backchannel-logout' };
  await writeFile(file, JSON.stringify({ realm: 'main', clients: [{ clientId: 'shop', attributes }] }));
  assert.equal((await setUp('tenant', 'acme', '--template', file)).code, 0);
  const { code, text } = await setUp('tenant', 'acme', '--template', file);
  assert.equal(code, 0, text);
  assert.match(text, /Nothing to change\./);
});

test('names that could be something else are refused before anything is called', async (t) => {
  const { keycloak, setUp } = await start(t);
  for (const args of [
    ['master', '--template', 'main'],
    ['main', '--template', 'main'],
    ['a/b', '--template', 'main'],
    ['acme'],
    ['acme', '--template', 'main', '--organization'],
    ['--template', 'main'],
    ['--all', '--organization', '--realm', 'shop'],
    ['acme', 'globex', '--organization', '--domain', 'acme.test'],
  ])
    await assert.rejects(setUp('tenant', ...args), { name: 'UsageError' }, args.join(' '));
  assert.equal(keycloak.calls(), 0);
});

test('a client or a scope of a template is made in the realm of the tenant, whatever else the template says', async (t) => {
  const { keycloak, folder, setUp, clientOf } = await start(t);
  await setUp('api', '--realm', 'other', '--client-id', 'own');
  const file = join(folder, 'template.json');
  const own = { realm: 'other', id: 'an-id', secret: 'the-secret', registrationAccessToken: 'a-token' };
  const mapper = {
    name: 'm',
    protocol: 'openid-connect',
    protocolMapper: 'oidc-audience-mapper',
    config: {},
  };
  await writeFile(
    file,
    JSON.stringify({
      realm: 'main',
      clients: [{ ...own, clientId: 'shop', protocolMappers: [{ ...mapper, ...own }] }],
      clientScopes: [{ ...own, name: 'orders:read', protocolMappers: [{ ...mapper, ...own }] }],
    }),
  );
  const { code, text } = await setUp('tenant', 'acme', '--template', file);
  assert.equal(code, 0, text);
  assert.deepEqual(
    keycloak.realms.get('other')?.lists.clients.map(({ clientId }) => clientId),
    ['own'],
  );
  const scopes = keycloak.realms.get('acme')?.lists['client-scopes'] ?? [];
  for (const made of [clientOf('acme', 'shop'), scopes.find(({ name }) => name === 'orders:read')])
    assert.doesNotMatch(JSON.stringify(made ?? ''), /other|an-id|the-secret|a-token/);
});

test('a name of a realm is never read as JSON: one tenant that renames itself does not stop the others', async (t) => {
  const { keycloak, setUp, clientOf } = await start(t);
  const web = ['--realm', 'main', '--client-id', 'shop', '--app', 'https://{tenant}.shop.example'];
  await setUp('web', ...web, '--no-user');
  await setUp('tenant', 'acme', 'globex', '--template', 'main');
  const renamed = keycloak.realms.get('acme') ?? assert.fail();
  keycloak.realms.delete('acme');
  keycloak.realms.set('a"b', renamed);
  renamed.self.realm = 'a"b';
  await setUp('web', ...web, '--no-user', '--role', 'boss');
  const { text } = await setUp('tenant', '--all', '--template', 'main');
  assert.match(text, /Tenant globex[\s\S]*realm role boss/);
  assert.equal(clientOf('globex', 'shop').rootUrl, 'https://globex.shop.example/');
});

test('secrets are written that Keycloak made, where the template names none, and those of public clients are none', async (t) => {
  const { folder, setUp } = await start(t);
  const [file, secrets] = [join(folder, 'template.json'), join(folder, 'secrets.json')];
  const clients = [
    { clientId: '{tenant}-api' },
    { clientId: 'page', publicClient: true },
    { clientId: 'old', bearerOnly: true },
    { clientId: 'signs', clientAuthenticatorType: 'client-jwt' },
    { clientId: 'realm-management' },
  ];
  await writeFile(file, JSON.stringify({ realm: 'main', clients }));
  const { code, text } = await setUp('tenant', 'acme', '--template', file, '--secrets', secrets);
  assert.equal(code, 0, text);
  assert.deepEqual(JSON.parse(await readFile(secrets, 'utf8')), { acme: { 'acme-api': 'made-by-keycloak' } });
});

test('a template that is none is refused with its reason, and nothing is changed', async (t) => {
  const { keycloak, folder, setUp } = await start(t);
  const before = keycloak.changes.length;
  const file = join(folder, 'template.json');
  for (const [text, why] of [
    ['{', /--template: .*template\.json is no realm file: .*JSON/],
    ['{"id":"x"}', /--template: .*template\.json is no realm file: it has no "realm"/],
  ] as const) {
    await writeFile(file, text);
    await assert.rejects(setUp('tenant', 'acme', '--template', file), why);
  }
  await assert.rejects(
    setUp('tenant', 'acme', '--template', 'nobody'),
    /There is no realm nobody: look at --template/,
  );
  assert.equal(keycloak.changes.length, before);
});

test('roles of a client of the template become roles of the client of the tenant', async (t) => {
  const { keycloak, folder, setUp } = await start(t);
  const file = join(folder, 'template.json');
  const roles = { client: { shop: [{ name: 'clerk' }], 'realm-management': [{ name: 'manage-users' }] } };
  await writeFile(file, JSON.stringify({ realm: 'main', clients: [{ clientId: 'shop' }], roles }));
  const { code, text } = await setUp('tenant', 'acme', '--template', file);
  assert.equal(code, 0, text);
  assert.match(text, /\+ create role clerk of the client shop/);
  const made = keycloak.changes.filter((change) => change.endsWith('/roles'));
  assert.deepEqual(made, ['POST /acme/clients/:id/roles']);
});
