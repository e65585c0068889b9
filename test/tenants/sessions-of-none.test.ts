import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keycloak } from '../../packages/guard/src/adapters/fetch/index.ts';
import { createWorld, HOSTS, SECRET_OF_SESSIONS } from './world.ts';

test('names that are made up make no sessions, with the login either', async () => {
  const { acme, calls, common, hosts, directory } = createWorld();
  const made: unknown[] = [];
  const watch = (one: unknown) => {
    made.push(one);
    return () => {};
  };
  const kc = keycloak({
    ...common,
    observers: [{ watch }],
    tenants: {
      of: ({ hostname }: { hostname: string }) => hosts.get(hostname) ?? hostname,
      get: (name: string) => directory.get(name),
    },
    session: { secret: SECRET_OF_SESSIONS },
  } as never);
  const ask = async (url: string) => {
    const request = new Request(url, { headers: { cookie: 'session-my-api=x', accept: 'text/html' } });
    const answer = (await kc.handle(request)) ?? (await kc.decide(request));
    return answer instanceof Response ? answer.status : 200;
  };
  const before = made.length;
  for (let at = 0; at < 5; at++) assert.equal(await ask(`http://made-up-${at}/orders`), 404);
  assert.equal(await ask('http://made-up-1/auth/login'), 404);
  assert.equal(await ask('http://made-up-1/orders'), 404);
  assert.equal(calls.length, 0);
  assert.equal(made.length, before);
  assert.equal(await ask(`http://${HOSTS.acme}/auth/login`), 303);
  assert.ok(calls.some((url) => url.startsWith(acme.realm.issuer)));
  assert.equal(made.length, before + 1);
  await kc.close();
});

test('at the address of no tenant the first person sees the page, too', async () => {
  const { common } = createWorld();
  const kc = keycloak({
    ...common,
    tenants: { of: () => undefined, get: async () => undefined },
    session: { secret: SECRET_OF_SESSIONS },
  } as never);
  const guarded = kc.guard({}, () => new Response());
  const answer = await guarded(new Request('http://made-up/', { headers: { accept: 'text/html' } }));
  assert.equal(answer.status, 404);
  assert.match(await answer.text(), /<h1>Not Found<\/h1>/);
  await kc.close();
});
