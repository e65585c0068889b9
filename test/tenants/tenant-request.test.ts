import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createEngine, fetchHost } from '../../packages/guard/src/adapters/engine/internal.ts';
import { ReadRequest, readIssuer } from '../../packages/guard/src/tenants/tenant-request.ts';

const hostnameOf = (host: string, origin?: string) =>
  new ReadRequest(
    {
      toRequest: () => ({ headers: { host } }),
      toSessionRequest: () => ({ url: '/', origin }),
      toAppRequest: () => undefined,
    },
    {},
  ).hostname;

test('the host is a name or an address, in lower case and without its port', () => {
  const read = {
    ...{ 'acme.example.com': 'acme.example.com', 'ACME.Example.com:8443': 'acme.example.com' },
    ...{ 'xn--strae-oqa.example': 'xn--strae-oqa.example', localhost: 'localhost', a_b: 'a_b' },
    ...{ '[::1]': '[::1]', '[2001:DB8::1]:80': '[2001:db8::1]', '127.0.0.1:3000': '127.0.0.1' },
  };
  for (const [host, hostname] of Object.entries(read)) {
    assert.equal(hostnameOf(host), hostname);
    assert.equal(hostnameOf('other', `https://${host}`), hostname);
  }
});

test('two hosts are none: Node keeps the first, and a proxy may have looked at the last', () => {
  interface Asked {
    readonly host: string;
    readonly rawHeaders?: string[];
    readonly origin?: string;
    readonly url?: string;
  }
  const seen: string[] = [];
  const door = createEngine<Asked, never>(
    {
      ...{ serverUrl: 'https://sso.example.com', clientId: 'my-api' },
      tenants: {
        of({ hostname }) {
          seen.push(hostname);
          return 'acme';
        },
        get: (realm) => ({ realm }),
      },
    },
    {
      factory: 'keycloak',
      toRequest: ({ host, rawHeaders }) => ({ headers: { host }, rawHeaders }),
      toSessionRequest: ({ origin, url = '/' }) => ({ url, origin, headers: {} }) as never,
      addToAnswer() {},
    },
  );
  const hostOf = (asked: Asked) => {
    void door.verifierOf(asked);
    return seen.at(-1);
  };
  const two = ['Host', 'acme', 'HOST', 'globex'];
  assert.equal(hostOf({ host: 'acme', rawHeaders: ['Host', 'acme', 'X', 'host'] }), 'acme');
  for (const origin of [undefined, 'https://acme']) {
    for (const url of ['/', 'http://acme/', '//acme/']) {
      assert.equal(hostOf({ host: 'acme', rawHeaders: two, url, ...(origin && { origin }) }), '');
      assert.equal(hostOf({ host: 'acme, globex', url, ...(origin && { origin }) }), '');
    }
  }
});

test('what is no host is none: what begins or ends like a tenant is not that tenant', () => {
  const odd = [
    ...[
      '',
      '.',
      'acme.example.com.',
      '.acme',
      'acme..example',
      'acme.example.com@evil',
      'evil@acme.example.com',
    ],
    ...['acme.example.com, evil', 'acme.example.com evil', 'acme.example.com:80:80', 'acme.example.com:80a'],
    ...[
      'acme.example.com\\.evil',
      'acme%2eexample.com',
      'straße.example',
      '[::1',
      '::1',
      '[::1].acme',
      '*.example',
    ],
    ...['acme.example.com\n', 'acme.example.com\u0000'],
    // The application reads another host in these than one that cuts them would.
    ...[
      'f1.shop.example/.f2.shop.example',
      'f1.example?.f2.example',
      'f1.example#.f2.example',
      ', acme',
      'acme,',
    ],
    ...['acme:80/', 'http://acme', 'acme/', 'acme?', 'acme;b', 'acme&b', 'acme b', 'acme\t'],
  ];
  for (const host of odd) {
    assert.equal(hostnameOf(host), '', JSON.stringify(host));
    assert.equal(hostnameOf('other', `https://${host}`), '', JSON.stringify(host));
  }
});

test('the path of metadata is that of the resource', () => {
  const pathOf = (url: string) =>
    new ReadRequest(
      { toRequest: () => ({ headers: {} }), toSessionRequest: () => ({ url }), toAppRequest: () => 0 },
      {},
    ).path;
  const metadata = '/.well-known/oauth-protected-resource';
  const read = {
    ...{ '/t/acme/mcp/': '/t/acme/mcp', '/': '/', 'http://host': '/', '/a%20b?c': '/a b' },
    ...{ [`${metadata}/t/acme/mcp`]: '/t/acme/mcp', [metadata]: '/', [`${metadata}/`]: '/' },
    ...{ [`${metadata}s/t`]: `${metadata}s/t`, [`/x${metadata}/t`]: `/x${metadata}/t` },
  };
  for (const [url, path] of Object.entries(read)) assert.equal(pathOf(url), path, url);
  // Deno and workerd make it of `Host: /acme`, and a URL parser reads the path /data in it.
  assert.throws(() => pathOf('http:///acme/data'), { code: 'path_ambiguous' });
  // Bun leaves the host out where the header is none.
  for (const url of ['/t/acme/t/globex/data', 'http:///t/acme'])
    assert.throws(() => pathOf(fetchHost.toSessionRequest({ url, headers: new Headers() }).url), {
      code: 'path_ambiguous',
    });
});

test('a header is the one that arrived, or none where something in this process changed it', () => {
  const headerOf = (name: string, headers: Record<string, string>, rawHeaders?: string[]) =>
    new ReadRequest(
      {
        toRequest: () => ({ headers, rawHeaders }),
        toSessionRequest: () => ({ url: '/' }),
        toAppRequest: () => 0,
      },
      {},
    ).header(name);
  const raw = ['Host', 'a', 'X-Tenant', 'acme'];
  const same = { host: 'a', 'x-tenant': 'acme' };
  for (const name of ['x-tenant', 'X-Tenant']) assert.equal(headerOf(name, same, raw), 'acme');
  assert.equal(headerOf('X-Tenant', same), 'acme');
  // Middleware that sets it by the host, or deletes it, and one that writes into those of a WebSocket what the client says later.
  assert.equal(headerOf('x-tenant', { ...same, 'x-tenant': 'globex' }, raw), undefined);
  assert.equal(headerOf('x-tenant', { host: 'a' }, raw), undefined);
  assert.equal(headerOf('x-tenant', same, ['Host', 'a']), undefined);
  // Of two, Node keeps the first of some, and joins others (RFC 9113 §8.2.3).
  const two = ['from', 'a', 'from', 'b', 'x-tenant', 'a', 'x-tenant', 'b', 'cookie', 'a=1', 'cookie', 'b=2'];
  const joined = { from: 'a', 'x-tenant': 'a, b', cookie: 'a=1; b=2' };
  assert.deepEqual(
    ['from', 'x-tenant', 'cookie'].map((name) => headerOf(name, joined, two)),
    [undefined, 'a, b', 'a=1; b=2'],
  );
});

test('the host is the one that arrived, whatever middleware makes of it', () => {
  const { hostname } = new ReadRequest(
    {
      toRequest: () => ({ headers: { host: 'globex' }, rawHeaders: ['Host', 'acme/'] }),
      toSessionRequest: () => ({ url: '/', origin: 'https://globex' }),
      toAppRequest: () => 0,
    },
    {},
  );
  assert.equal(hostname, '');
});

test('an issuer of a token is read up to a length that no Keycloak has', () => {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const read = (iss: unknown) => readIssuer(`${part({ alg: 'RS256', kid: 'k' })}.${part({ iss })}.c2ln`);
  const long = `https://sso.example.com/${'x'.repeat(976)}`;
  assert.equal(read(long), long);
  for (const iss of [`${long}x`, 1, undefined]) assert.throws(() => read(iss), { code: 'token_issuer' });
});
