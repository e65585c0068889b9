import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { toDevBeside } from '../../packages/cli/src/setup/kinds/caller.ts';
import { startFakeKeycloak } from '../admin/fake-keycloak.ts';
import { createLines, runSetup } from '../admin/run-setup.ts';

/** A realm with the API orders-api, and `setup` on it. */
async function start(t: TestContext) {
  const keycloak = await startFakeKeycloak();
  t.after(() => keycloak.close());
  const setup = async (kind: string, ...args: string[]) => {
    const where = ['--url', keycloak.url, '--realm', 'shop', '--client-id', 'orders-api', '--no-env'];
    const { code, text } = await runSetup(kind, [...where, ...args], {
      SETUP_PASSWORD: 'a-long-enough-one-1',
    });
    return { code, out: text };
  };
  const clients = () => keycloak.realms.get('shop')?.lists.clients ?? [];
  const dev = () => clients().find(({ clientId }) => clientId === 'orders-api-dev');
  return { keycloak, setup, clients, dev };
}

test('setup api makes a development caller only if a flag asks for it, and says what that opens', async (t) => {
  const { setup, dev } = await start(t);
  const plain = await setup('api', '--yes');
  assert.equal(plain.code, 0, plain.out);
  assert.equal(dev(), undefined);
  const first = await setup('api', '--yes', '--dev-caller');
  assert.equal(first.code, 0, first.out);
  assert.match(first.out, /\+ create client orders-api-dev\n\s+Client authentication: off \(public\)/);
  assert.match(
    first.out,
    /opens: whoever signs in at orders-api-dev gets tokens for orders-api .*development/,
  );
  assert.match(first.out, /✓ login page for orders-api-dev[\s\S]*A first token: npx keycloak-guard token/);
  const { publicClient, redirectUris, attributes, description, defaultClientScopes } = dev() ?? assert.fail();
  assert.deepEqual(
    { publicClient, redirectUris, attributes, description },
    {
      publicClient: true,
      redirectUris: ['http://127.0.0.1/callback'],
      attributes: { 'pkce.code.challenge.method': 'S256' },
      description: 'For development, made by keycloak-guard. Remove with: setup caller --remove',
    },
  );
  assert.ok((defaultClientScopes as string[]).includes('orders-api-audience'));
  const again = await setup('api', '--yes', '--dev-caller');
  assert.match(again.out, /= keep client orders-api-dev[\s\S]*Nothing to change\./);
});

test('a thing that is made is one line of the plan and one of the report, with all that belongs to it', async (t) => {
  const { setup, dev } = await start(t);
  const args = [
    '--user',
    'wanda',
    '--group',
    '/staff',
    '--role',
    'editor',
    '--client-role',
    'writer',
    '--dev-caller',
    '--yes',
  ];
  const { out } = await setup('api', ...args);
  assert.deepEqual(out.match(/^ {2}[+~✓] .*(wanda|orders-api-dev)$/gm), [
    '  + create user wanda',
    '  + create client orders-api-dev',
    '  ✓ created user wanda',
    '  ✓ created client orders-api-dev',
  ]);
  assert.match(out, /\n {6}Realm roles: \+ editor\n {6}Roles of orders-api: \+ writer\n/);
  assert.ok(((dev() ?? assert.fail()).defaultClientScopes as string[]).includes('groups'), 'as the API');
});

test('setup caller makes the development caller of an API that is there, and removes it again', async (t) => {
  const { setup, dev, clients } = await start(t);
  await assert.rejects(setup('caller', '--yes'), /There is no realm shop/);
  assert.equal((await setup('api', '--yes')).code, 0);
  const made = await setup('caller', '--yes');
  assert.equal(made.code, 0, made.out);
  assert.match(
    made.out,
    /When it has served: npx keycloak-guard setup caller --remove --client-id orders-api\n/,
  );
  assert.ok(dev());
  const asked = await setup('caller', '--remove');
  assert.equal(asked.code, 2, 'without --yes and a terminal nothing is removed');
  assert.ok(dev());
  const gone = await setup('caller', '--remove', '--yes');
  assert.equal(gone.code, 0, gone.out);
  assert.match(gone.out, /- delete client orders-api-dev[\s\S]*✓ deleted client orders-api-dev/);
  assert.deepEqual(
    clients().map(({ clientId }) => clientId),
    ['orders-api'],
  );
  assert.match((await setup('caller', '--remove', '--yes')).out, /Nothing to change\./);
});

test('setup caller neither changes nor removes a client that it did not make', async (t) => {
  const { setup, dev, clients } = await start(t);
  assert.equal((await setup('api', '--yes')).code, 0);
  clients().push({ id: 'own', clientId: 'orders-api-dev', secret: 'x' });
  for (const args of [['--yes'], ['--remove', '--yes']]) {
    const { code, out } = await setup('caller', ...args);
    assert.equal(code, 1, out);
    assert.match(out, /! client orders-api-dev: .*setup did not make it/);
    assert.deepEqual(dev(), { id: 'own', clientId: 'orders-api-dev', secret: 'x' });
  }
});

test('a person at the terminal is asked whether a development caller is made, beside what is planned', async () => {
  const site = {
    ...{ api: undefined, serverUrl: 'http://127.0.0.1:1', current: { realm: null }, plan: { steps: [] } },
    goal: { realm: 'shop', clientId: 'orders-api', groups: [] },
  } as never;
  for (const [options, answer, isAsked, parts] of [
    [{}, true, true, 1],
    [{}, false, true, 0],
    [{ yes: true }, true, false, 0],
    [{ dryRun: true }, true, false, 0],
    [{ own: { 'dev-caller': true } }, false, false, 1],
    [{}, undefined, false, 0],
  ] as const) {
    const asked: unknown[] = [];
    const confirm = async (...question: unknown[]) => {
      asked.push(question);
      return answer;
    };
    const questions = answer === undefined ? undefined : ({ confirm } as never);
    const given = { own: {}, yes: false, dryRun: false, ...options } as never;
    const { lines, out } = createLines();
    const beside = toDevBeside(given, out, questions);
    assert.equal((await beside.plan(site)).length, parts);
    const text =
      'A first token: also make the public client orders-api-dev, with which keycloak-guard token signs in on this machine? For development only';
    assert.deepEqual(asked, isAsked ? [[text, false]] : []);
    const proofs = [];
    for await (const { what } of beside.prove(site, undefined as never)) proofs.push(what);
    assert.deepEqual(
      [proofs, lines],
      parts === 0
        ? [[], []]
        : [['login page for orders-api-dev'], ['A first token: npx keycloak-guard token']],
    );
  }
});
