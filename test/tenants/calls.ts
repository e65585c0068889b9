import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { isAuthError, type Principal } from '../../packages/guard/src/core/index.ts';
import { plainFetch } from '../../packages/testing/src/sign-in.ts';
import { ALICE, type FakeKeycloak, SECRET } from '../authz/fake-keycloak.ts';
import type { Adapter, Given, RunningApp } from '../contract/adapter/adapter.ts';
import { WHOLE } from '../contract/adapter/set-up.ts';
import { claimsOf } from '../support/test-realm.ts';
import { createWorld, HOSTS, type TenantName, type World } from './world.ts';

const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const ORIGIN = 'https://orders.internal';

/** What the app calls on as: who is named to it. `kept`: the principal of the request that was `keep`. */
type How = 'for' | 'for principal' | 'for kept' | 'as' | 'as principal' | 'as kept' | 'as nobody' | 'keep';

/** The claims of the token that the service was shown, or why it was not called. */
interface Called {
  readonly iss?: unknown;
  readonly sub?: unknown;
  readonly code?: string;
}

interface At extends World {
  call(at: TenantName, how: How, token?: string): Promise<Called>;
  /** Without a request. */
  named(name: string): Promise<Called>;
  /** Tokens that Keycloak was asked for: `acme exchange`, `globex client_credentials`. */
  readonly asked: string[];
}

/** A realm that exchanges its own tokens, and has a service account. */
function answerTokens({ realm, tokenOf }: FakeKeycloak, asked: string[]): FakeKeycloak['replace'] {
  return (form) => {
    const isExchange = form.get('grant_type') === EXCHANGE;
    asked.push(`${realm.realm} ${isExchange ? 'exchange' : form.get('grant_type')}`);
    const subject = isExchange ? claimsOf(String(form.get('subject_token'))) : { iss: realm.issuer };
    if (form.get('client_secret') !== SECRET || subject.iss !== realm.issuer) {
      return Response.json({ error: 'invalid_request' }, { status: 400 });
    }
    const sub = isExchange ? String(subject.sub) : `service account of ${realm.realm}`;
    const issued_token_type = isExchange ? 'urn:ietf:params:oauth:token-type:access_token' : undefined;
    const access_token = tokenOf(sub, { azp: realm.clientId, aud: 'orders' });
    return Response.json({ access_token, issued_token_type, expires_in: 300, token_type: 'Bearer' });
  };
}

const EVERY = ['for', 'for principal', 'as', 'as principal'] as const;
const issuersOf = (called: readonly Called[]) => called.map(({ iss, code }) => code ?? iss);

const BY_HOST: Readonly<Record<string, (at: At) => Promise<void>>> = {
  async 'each tenant’s client calls on, with a token of its realm'({ call, acme, globex }) {
    for (const { realm, tokenOf } of [acme, globex]) {
      const token = tokenOf(ALICE);
      for (const how of EVERY) {
        const sub = how.startsWith('for') ? ALICE : `service account of ${realm.realm}`;
        assert.deepEqual(await call(realm.realm as TenantName, how, token), { iss: realm.issuer, sub }, how);
      }
    }
  },
};
/** The same, behind all adapters alike: two of them show it. */
const BY_HOST_OF_ENGINE: Readonly<Record<string, (at: At) => Promise<void>>> = {
  async 'a token of one tenant is not exchanged at another'({ call, acme, globex, asked }) {
    await call('acme', 'for', acme.tokenOf(ALICE));
    const from = asked.length;
    for (const token of [acme.tokenOf(ALICE), acme.tokenOf(ALICE, { iss: globex.realm.issuer })]) {
      for (const how of EVERY) assert.deepEqual(await call('globex', how, token), { code: '401' });
    }
    assert.deepEqual(asked.slice(from), []);
  },
  async 'a call that says of no tenant is refused'({ call, asked }) {
    const from = asked.length;
    assert.deepEqual(await call('acme', 'as nobody'), { code: 'OptionsError' });
    assert.deepEqual(asked.slice(from), []);
  },
  async 'what is kept for one answers for no other, though users, clients and ids are the same'(at) {
    const { call, acme, globex, asked } = at;
    const jti = 'same';
    const [ours, theirs] = [acme.tokenOf(ALICE, { jti }), globex.tokenOf(ALICE, { jti })];
    const all = async () => [
      await call('acme', 'for', ours),
      await call('globex', 'for', theirs),
      await call('acme', 'as'),
      await call('globex', 'as'),
    ];
    const { issuer } = acme.realm;
    const expected = [issuer, globex.realm.issuer, issuer, globex.realm.issuer];
    assert.deepEqual(issuersOf(await all()), expected);
    const from = asked.length;
    assert.deepEqual(issuersOf(await all()), expected);
    assert.deepEqual(asked.slice(from), [], 'they are kept');
  },
  async 'a host that moves to another tenant takes nobody along'({ call, hosts, acme, globex, asked }) {
    const token = acme.tokenOf(ALICE);
    await call('acme', 'keep', token);
    hosts.set(HOSTS.acme, 'globex');
    const from = asked.length;
    assert.deepEqual(await call('acme', 'for', token), { code: '401' });
    assert.deepEqual(asked.slice(from), []);
    assert.equal((await call('acme', 'as')).iss, globex.realm.issuer);
    // A principal stays one of its tenant.
    for (const how of ['for kept', 'as kept'] as const) {
      assert.equal((await call('acme', how)).iss, acme.realm.issuer, how);
    }
    hosts.set(HOSTS.acme, 'acme');
  },
  async 'a principal does not move with the name of its tenant to another realm'(at) {
    const { call, directory, later, acme, asked } = at;
    await call('acme', 'keep', acme.tokenOf(ALICE));
    for (const settings of [{ realm: 'globex' }, undefined]) {
      directory.set('acme', settings);
      later();
      const from = asked.length;
      for (const how of ['for kept', 'as kept'] as const) {
        assert.deepEqual(await call('globex', how), { code: 'tenant_unknown' });
      }
      assert.deepEqual(asked.slice(from), []);
    }
    directory.set('acme', { realm: 'acme' });
    later();
  },
  async 'a removed tenant calls nobody any more'({ call, directory, later, acme, asked, named }) {
    const token = acme.tokenOf(ALICE);
    for (const how of EVERY) await call('acme', how, token);
    directory.delete('acme');
    later();
    const from = asked.length;
    for (const how of EVERY) assert.deepEqual(await call('acme', how, token), { code: '404' }, how);
    assert.deepEqual(await named('acme'), { code: 'tenant_unknown' });
    assert.deepEqual(asked.slice(from), []);
    directory.set('acme', { realm: 'acme' });
    later();
  },
  async 'a made-up tenant gets no token, and costs no question'({ call, hosts, calls, named }) {
    hosts.set(HOSTS.acme, 'made-up');
    const from = calls.length;
    assert.deepEqual(await call('acme', 'as'), { code: '404' });
    hosts.set(HOSTS.acme, 'acme');
    assert.deepEqual(await named('made-up'), { code: 'tenant_unknown' });
    // The realm of a test before may still be fetching its keys.
    const ofOthers = ({ pathname }: URL) => ['acme', 'globex'].includes(pathname.split('/')[2] ?? '');
    assert.deepEqual(
      calls.slice(from).filter((url) => !ofOthers(new URL(url))),
      [],
    );
  },
  async 'without a request, the name says which tenant it is'({ named, acme, globex }) {
    for (const { realm } of [acme, globex, acme]) {
      const sub = `service account of ${realm.realm}`;
      assert.deepEqual(await named(realm.realm), { iss: realm.issuer, sub });
    }
    for (const name of ['../acme', '', undefined]) {
      assert.deepEqual(await named(name as string), { code: 'tenant_unknown' });
    }
    assert.deepEqual(await named({ realm: 'acme' } as never), { code: 'TypeError' });
  },
};

/** The same, behind all adapters alike: two of them show it. */
const BY_ISSUER_OF_ENGINE: Readonly<Record<string, (at: At) => Promise<void>>> = {
  async 'the client of the realm of the caller calls on'({ call, acme, globex }) {
    for (const { realm, tokenOf } of [acme, globex]) {
      for (const how of EVERY) assert.equal((await call('acme', how, tokenOf(ALICE))).iss, realm.issuer, how);
    }
  },
  async 'a token that only names a realm makes its client do nothing'({ call, acme, globex, asked }) {
    const from = asked.length;
    const forged = globex.tokenOf(ALICE, { iss: acme.realm.issuer });
    for (const how of EVERY) assert.deepEqual(await call('acme', how, forged), { code: '401' }, how);
    assert.deepEqual(await call('acme', 'as'), { code: 'missing_token' });
    assert.deepEqual(asked.slice(from), []);
  },
  async 'without a request, the name says which tenant it is'({ named, acme, globex }) {
    for (const { realm } of [acme, globex]) assert.equal((await named(realm.realm)).iss, realm.issuer);
    assert.deepEqual(await named('made-up'), { code: 'tenant_unknown' });
  },
};

/** Calls to other services where there are tenants, in every framework: each as the tenant's own client, or not at all. */
export function describeTenantCalls(adapter: Adapter): void {
  for (const [by, read, behind] of [
    ['host', BY_HOST, BY_HOST_OF_ENGINE],
    ['issuer', {}, BY_ISSUER_OF_ENGINE],
  ] as const) {
    if (by === 'issuer' && !WHOLE.includes(adapter.name)) continue;
    describe(`${adapter.name}, calls of tenants by ${by}`, () => {
      const world = createWorld();
      const asked: string[] = [];
      let app: RunningApp;
      let how: How;
      let kept: Principal | undefined;
      let named: At['named'];

      const calls: Given['calls'] = (made) => {
        const fetch = (async (_url, init) =>
          Response.json(
            claimsOf(String(new Headers(init?.headers).get('authorization')).slice('Bearer '.length)),
          )) as typeof globalThis.fetch;
        const target = { origin: ORIGIN, audience: 'orders', fetch };
        const [inNameOf, inOwnName] = [made.fetchFor(target), made.fetchAs(target)];
        const read = async (answer: Promise<Response>): Promise<Called> => {
          try {
            const { iss, sub } = (await (await answer).json()) as Called;
            return { iss, sub };
          } catch (error) {
            if (isAuthError(error)) return { code: error.code };
            return { code: (error as Error).name };
          }
        };
        named = (name) => read(inOwnName.ofTenant(name)('/'));
        return async (request, principal) => {
          const [what, whom] = how.split(' ');
          if (what === 'keep') kept = principal as Principal;
          const who = whom === 'principal' ? principal : whom === 'kept' ? kept : request;
          if (whom === 'nobody') return read(inOwnName('/'));
          return read(what === 'for' ? inNameOf(who, '/') : inOwnName.of(who)('/'));
        };
      };

      before(async () => {
        for (const one of [world.acme, world.globex]) {
          one.replace = answerTokens(one, asked);
          // The client goes by the time of day.
          one.realm.advance((Date.now() - one.realm.clock()) / 1000);
        }
        const given = world.given(by, { calls, logRefusals: false });
        const keycloak = { ...given.keycloak, audience: ['my-api', 'orders'] };
        app = await adapter.start({ ...given, keycloak });
      });
      after(() => app.close());
      for (const [name, run] of Object.entries({ ...read, ...(WHOLE.includes(adapter.name) && behind) })) {
        test(name, () =>
          run({
            ...{ ...world, asked },
            named: (name) => named(name),
            async call(at, asks, token) {
              how = asks;
              const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
              const url = `http://${HOSTS[at]}:${new URL(app.url).port}/calls`;
              const answer = await plainFetch(url, { headers });
              return answer.status === 200
                ? ((await answer.json()) as Called)
                : { code: String(answer.status) };
            },
          }),
        );
      }
    });
  }
}
