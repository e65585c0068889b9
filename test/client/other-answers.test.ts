import assert from 'node:assert/strict';
import { syncBuiltinESMExports } from 'node:module';
import { type TestContext, test } from 'node:test';
import timers from 'node:timers/promises';
import { ClientError, type ClientOptions, createClient } from '../../packages/guard/src/client/index.ts';

const BASE = 'https://sso.example.com/realms/testing';
const TOKENS = { access_token: 'a.b.c', token_type: 'Bearer' };
const tokenWith = (claims: object) =>
  ['{"alg":"none"}', JSON.stringify(claims), 'x']
    .map((part) => Buffer.from(part).toString('base64url'))
    .join('.');

/** A client, the forms that it sends, and what Keycloak answers to each. */
function start(
  answers: (form: URLSearchParams, count: number) => object,
  options: Partial<ClientOptions> = {},
) {
  const forms: URLSearchParams[] = [];
  const client = createClient({
    ...{ serverUrl: 'https://sso.example.com', realm: 'testing', clientId: 'my-api', clientSecret: 's' },
    fetch: (async (input: string | URL, init: RequestInit = {}) => {
      if (init.method !== 'POST') return Response.json({ issuer: BASE });
      const form = new URLSearchParams(String(init.body));
      forms.push(form);
      if (String(input).endsWith('/auth/device'))
        return Response.json({
          ...{ device_code: 'd', user_code: 'ABCD', verification_uri: `${BASE}/device`, expires_in: 600 },
          ...answers(form, 0),
        });
      const body = answers(form, forms.length);
      return Response.json(body, { status: 'error' in body ? 400 : 200 });
    }) as typeof fetch,
    ...options,
  });
  return { client, forms };
}

/** Pauses take no time; how long those would be that have ended. */
function stopPauses(t: TestContext): number[] {
  const pauses: number[] = [];
  const sleep = t.mock.method(timers, 'setTimeout', (async (ms: number, _: unknown, ends: object) => {
    await new Promise(setImmediate);
    assert.deepEqual(ends, {});
    pauses.push(ms);
  }) as never);
  syncBuiltinESMExports();
  t.after(() => {
    sleep.mock.restore();
    syncBuiltinESMExports();
  });
  return pauses;
}

test('the sign-in on another device is asked for every five seconds, or as Keycloak says, and more slowly where it wants that', async (t) => {
  const pauses = stopPauses(t);
  for (const [said, waited] of [
    [{}, [5_000, 10_000, 10_000]],
    [{ interval: 2 }, [2_000, 7_000, 7_000]],
  ] as const) {
    const { client, forms } = start((form, count) => {
      if (!form.has('device_code')) return said;
      assert.equal(pauses.length, count - 1, 'a pause before each');
      if (count === 2) return { error: 'slow_down' };
      return count === 3 ? { error: 'authorization_pending' } : TOKENS;
    });
    const prompts: unknown[] = [];
    pauses.length = 0;
    assert.equal((await client.deviceGrant((prompt) => void prompts.push(prompt))).accessToken, 'a.b.c');
    assert.deepEqual(pauses, waited);
    assert.equal(forms.length, 4);
    assert.deepEqual(prompts, [
      {
        ...{ userCode: 'ABCD', verificationUri: `${BASE}/device`, verificationUriComplete: null },
        expiresInSeconds: 600,
      },
    ]);
  }
});

test('whoever gives up a sign-in on another device waits no longer for the next try', async () => {
  const { client, forms } = start(() => ({}));
  const reason = new Error('given up');
  const ends = new AbortController();
  const signIn = client.deviceGrant(() => setImmediate(() => ends.abort(reason)), { signal: ends.signal });
  await assert.rejects(signIn, (error) => error === reason);
  assert.equal(forms.length, 1);
});

test('whoever gives up while Keycloak is asked gets the reason, whatever it is', async () => {
  for (const reason of [new Error('given up'), new DOMException('given up', 'AbortError')])
    for (const answersAnyway of [false, true]) {
      const ends = new AbortController();
      const { client } = start(() => ({}), {
        fetch: (async (_: unknown, { method, signal }: RequestInit = {}) => {
          if (method !== 'POST') return Response.json({ issuer: BASE });
          ends.abort(reason);
          if (!answersAnyway) signal?.throwIfAborted();
          return Response.json({ error: 'access_denied' }, { status: 400 });
        }) as typeof fetch,
      });
      await assert.rejects(
        client.deviceGrant(() => {}, { signal: ends.signal }),
        (error) => error === reason,
      );
    }
});

test('a fetch that gives up by itself is no answer of Keycloak', async () => {
  const { id, kind } = await causeOf(() => {
    throw new DOMException('This operation was aborted', 'AbortError');
  });
  assert.deepEqual([id, kind], ['timed-out', 'provider_unavailable']);
});

test('a realm that Keycloak does not have is asked for twice, however many sign in within a second', async () => {
  let calls = 0;
  const { client } = start(() => ({}), {
    fetch: (async () => {
      calls++;
      return Response.json({ error: 'Realm does not exist' }, { status: 404 });
    }) as typeof fetch,
  });
  const outcomes = await Promise.allSettled(Array.from({ length: 10 }, () => client.clientCredentials()));
  for (const { status, reason } of outcomes as PromiseRejectedResult[])
    assert.deepEqual([status, (reason as ClientError).diagnosis.id], ['rejected', 'wrong-realm']);
  await assert.rejects(client.clientCredentials());
  assert.equal(calls, 2);
});

test("a token of the application's own is for the scopes that were asked for, or for those of the client", async () => {
  const { client, forms } = start(() => TOKENS);
  await client.clientCredentials();
  await client.clientCredentials({ scope: 'orders' });
  assert.deepEqual(
    forms.map((form) => form.get('scope')),
    [null, 'orders'],
  );
});

test('an exchanged token is good for no longer than the one that was exchanged; of one that does not say, not at all', async () => {
  const now = Math.floor(Date.now() / 1000);
  for (const [claims, said, least, most] of [
    [{ exp: now + 100 }, 300, 95, 100],
    [{ exp: now + 100 }, 30, 30, 30],
    [{ exp: now + 100 }, undefined, 95, 100],
    [{ exp: now - 5 }, 300, 0, 0],
    [{}, 300, 0, 0],
    [{ exp: 'soon' }, 300, 0, 0],
  ] as const) {
    const { client } = start(() => ({ ...TOKENS, ...(said !== undefined && { expires_in: said }) }));
    const { expiresInSeconds } = await client.exchange({
      subjectToken: tokenWith(claims),
      audience: 'orders',
    });
    const seconds = expiresInSeconds ?? Number.NaN;
    assert.ok(seconds >= least && seconds <= most, `${JSON.stringify(claims)}: ${seconds}`);
  }
});

test("the application's own token is kept where Keycloak says for how long, and else got for each call", async () => {
  for (const [said, sent] of [
    [{ expires_in: 300 }, 1],
    [{}, 3],
  ] as const) {
    const { client, forms } = start(() => ({ ...TOKENS, ...said }));
    const own = client.serviceToken();
    for (let i = 0; i < 3; i++) assert.equal(await own.getAccessToken(), 'a.b.c');
    assert.equal(forms.length, sent);
  }
});

test('a mistake in the program is no trouble with Keycloak', async () => {
  const { client, forms } = start(() => TOKENS);
  await assert.rejects(
    client.revoke(''),
    (error) => error instanceof TypeError && !(error instanceof ClientError),
  );
  assert.equal(forms.length, 0);
  const broken = new RangeError('of the issuer');
  const issuer = {
    ...{ discover: () => Promise.reject(broken), refresh: () => Promise.reject(broken) },
    ...{ baseUrl: BASE, endpoints: {} },
  } as unknown as NonNullable<ClientOptions['issuer']>;
  await assert.rejects(start(() => TOKENS, { issuer }).client.refresh('r'), broken);
});

test('why the realm cannot be found is told by what came in place of its discovery document', async () => {
  const refused = () => Promise.reject(new TypeError('fetch failed', { cause: { code: 'ECONNREFUSED' } }));
  const late = () => Promise.reject(new DOMException('late', 'TimeoutError'));
  for (const [answer, id, status] of [
    [refused, 'unreachable-refused', 0],
    [late, 'timed-out', 0],
    [async () => new Response('x', { status: 503 }), 'provider-error', 503],
    [async () => Response.json({ error: 'Realm does not exist' }, { status: 404 }), 'wrong-realm', 404],
  ] as const) {
    const { client } = start(() => TOKENS, { fetch: answer as typeof fetch });
    const error = await client.refresh('r').catch((one: unknown) => one);
    assert.ok(error instanceof ClientError, String(error));
    assert.deepEqual([error.diagnosis.id, error.answerStatus], [id, status]);
  }
});

/** Why a login with a password failed. @param answer what a request for tokens gets */
async function causeOf(answer: () => Response): Promise<ClientError['diagnosis']> {
  const { client } = start(() => ({}), {
    fetch: (async (_: unknown, { method }: RequestInit = {}) =>
      method === 'POST' ? answer() : Response.json({ issuer: BASE })) as typeof fetch,
  });
  const failed = client.passwordGrant({ username: 'anna', password: 'p' });
  return failed.then(
    () => assert.fail('it did not fail'),
    (error: ClientError) => error.diagnosis,
  );
}

test('a refusal of no known kind is looked up in the log of Keycloak where it is of Keycloak, else on the way to it', async () => {
  for (const [body, fix] of [
    ['{"error":"odd"}', /^Look into Keycloak's log/],
    ['{"error":""}', /^Look into Keycloak's log/],
    ['<html>no</html>', /^The answer is not from Keycloak/],
    ['["a list"]', /^The answer is not from Keycloak/],
  ] as const) {
    const diagnosis = await causeOf(() => new Response(body, { status: 418 }));
    assert.equal(diagnosis.id, 'refused', body);
    assert.match(diagnosis.fix, fix, body);
    const words = body.includes('odd') ? 'odd' : 'HTTP 418';
    assert.ok(diagnosis.cause.endsWith(` refused the request (${words}, HTTP 418)`), diagnosis.cause);
  }
});

test('an answer that is no answer to a request for tokens says nothing of an ID token', async () => {
  for (const body of ['<html>hello</html>', '{}', '{"access_token":1}'])
    assert.equal((await causeOf(() => new Response(body))).id, 'not-keycloak', body);
});

test('what Keycloak says in plain text is known, and no other text is taken over', async () => {
  for (const [text, id] of [
    ['Invalid origin', 'invalid-origin'],
    ['HTTPS required', 'ssl-required'],
    ['Realm does not exist', 'wrong-realm'],
    ['Realm not enabled', 'realm-disabled'],
    ['password=p', 'refused'],
  ] as const) {
    const diagnosis = await causeOf(() => new Response(`<p>${text}</p>`, { status: 403 }));
    assert.equal(diagnosis.id, id, text);
    assert.ok(!JSON.stringify(diagnosis).includes('password=p'));
  }
});

test('of a redirect the origin is told, of a call without an answer the code or the words, but not those of what failed below', async () => {
  const redirect = (location?: string) => () =>
    new Response(null, { status: 302, ...(location !== undefined && { headers: { location } }) });
  const fail = (error: unknown) => () => {
    throw error;
  };
  for (const [answer, end] of [
    [redirect('https://other.example/secret'), 'redirects to https://other.example'],
    [redirect('/secret'), 'redirects to https://sso.example.com'],
    [redirect('https://['), 'redirects to an address that is not valid'],
    [redirect(), 'redirects to another address'],
    [fail(new Error('odd')), 'gave no whole answer (odd)'],
    [fail(new Error('odd', { cause: new Error('secret') })), 'gave no whole answer (failed)'],
    [fail('secret'), 'gave no whole answer (failed)'],
    [fail(new Error('odd', { cause: { code: 'ECONNRESET' } })), 'gave no whole answer (ECONNRESET)'],
  ] as const) {
    const { cause } = await causeOf(answer);
    assert.ok(cause.endsWith(` ${end}`), cause);
  }
});
