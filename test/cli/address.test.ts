import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CHECKS } from '../../packages/cli/src/doctor/checks/index.ts';
import { networkZoneOf } from '../../packages/cli/src/settings/address.ts';

test('a network that is private by its address is told from a public one, at the edges of each range', () => {
  const zones = {
    'this-machine': ['localhost', '127.0.0.1', '[::1]'],
    'this-network': [
      ...['keycloak', 'keycloak.svc', '10.0.0.1', '192.168.0.1', '169.254.1.1', '172.16.0.1', '172.31.0.1'],
      ...['[fc00::1]', '[fdff::1]', '[fe80::1]', '[febf::1]'],
    ],
    public: [
      ...['sso.example.com', '11.0.0.1', '192.169.0.1', '169.253.1.1', '172.15.0.1', '172.32.0.1'],
      ...['[fe7f::1]', '[fec0::1]', '[2001:db8::1]', '[fb00::1]'],
    ],
  };
  for (const [zone, hosts] of Object.entries(zones))
    for (const host of hosts) assert.equal(networkZoneOf(host), zone, host);
});

test('the doctor warns of a proxy that Node passes by, unless Keycloak is exempt from it', (t) => {
  const names = ['HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'https_proxy', 'NO_PROXY', 'no_proxy'];
  const before = names.map((name) => [name, process.env[name]] as const);
  t.after(() => {
    for (const [name, value] of before)
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
  });
  const look = (serverUrl: string, env: Record<string, string>, usesEnvProxy = false) => {
    for (const name of names) delete process.env[name];
    Object.assign(process.env, env);
    const reach = { caller: { serverUrl }, config: { usesEnvProxy } };
    const finding = CHECKS.find(({ id }) => id === 'address.proxy')?.run({ reach } as never);
    const { status, seen } = finding as { status: string; seen: string };
    return `${status} ${seen}`;
  };
  const [url, HTTPS_PROXY] = ['https://sso.example.com', 'http://proxy:3128'];
  const none = 'ok no proxy on the way';
  for (const [env, seen] of [
    [{}, none],
    [{ HTTP_PROXY: HTTPS_PROXY }, none],
    [{ HTTPS_PROXY }, 'warn HTTPS_PROXY is set'],
    [{ https_proxy: HTTPS_PROXY }, 'warn HTTPS_PROXY is set'],
    [{ HTTPS_PROXY, NO_PROXY: '*' }, none],
    [{ HTTPS_PROXY, NO_PROXY: 'a.test, sso.example.com' }, none],
    [{ HTTPS_PROXY, no_proxy: 'example.com' }, none],
    [{ HTTPS_PROXY, NO_PROXY: '.example.com' }, none],
    [{ HTTPS_PROXY, NO_PROXY: '*.example.com' }, none],
    [{ HTTPS_PROXY, NO_PROXY: 'so.example.com' }, 'warn HTTPS_PROXY is set'],
    [{ HTTPS_PROXY, NO_PROXY: '' }, 'warn HTTPS_PROXY is set'],
    [{ HTTPS_PROXY, NO_PROXY: ',ample.com' }, 'warn HTTPS_PROXY is set'],
  ] as const)
    assert.equal(look(url, env), seen, JSON.stringify(env));
  assert.equal(look(url, { HTTPS_PROXY }, true), 'ok HTTPS_PROXY is used');
  assert.equal(look('http://sso.example.com', { HTTP_PROXY: HTTPS_PROXY }), 'warn HTTP_PROXY is set');
  for (const host of ['localhost', '127.0.0.1', '[::1]'])
    assert.equal(look(`https://${host}:8443`, { HTTPS_PROXY }), none, host);
});
