import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { UsageError } from '../../packages/cli/src/settings/usage-error.ts';
import {
  planClientEnv,
  planEnv,
  readOrMakeSecret,
  readSecret,
} from '../../packages/cli/src/setup/api/env-plan.ts';

const WANTED = {
  KEYCLOAK_SERVER_URL: 'http://localhost:8080',
  KEYCLOAK_CLIENT_SECRET: 'new-and-private',
  SESSION_SECRET: 'signs-cookies',
};
const OLD =
  'KEYCLOAK_SERVER_URL=http://old.example\nKEYCLOAK_CLIENT_SECRET=old-and-private\nSESSION_SECRET=old-key\n';
const NO_SECRET = /new-and-private|signs-cookies|old-and-private|old-key/;

async function plan(t: TestContext, text: string | undefined, { canAsk = true } = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'env-plan-'));
  t.after(() => rm(folder, { recursive: true }));
  const file = join(folder, '.env');
  if (text !== undefined) await writeFile(file, text);
  const seen: string[] = [];
  const out = { progress() {}, line: (line: string) => void seen.push(line) };
  const options = { overwriteEnv: false, yes: false };
  const asked = canAsk ? {} : undefined;
  const part = await planEnv(file, options, WANTED, async () => WANTED, out as never, asked as never);
  return { file, part, seen };
}

describe('the plan of a file with settings', () => {
  test('names a new secret, and shows nothing of it', async (t) => {
    const { part } = await plan(t, undefined);
    assert.deepEqual(part.steps[0]?.changes, [
      { field: 'KEYCLOAK_SERVER_URL', from: '', to: 'http://localhost:8080' },
      { field: 'KEYCLOAK_CLIENT_SECRET', from: '', to: '(hidden)' },
      { field: 'SESSION_SECRET', from: '', to: '(hidden)' },
    ]);
  });

  test('changes a file that has other settings alone, and creates none', async (t) => {
    const [there, none] = [await plan(t, 'MINE=1\n'), await plan(t, undefined)];
    assert.deepEqual([there.part.steps[0]?.kind, none.part.steps[0]?.kind], ['change', 'create']);
    assert.deepEqual(there.part.steps[0]?.changes[1], {
      ...{ field: 'KEYCLOAK_CLIENT_SECRET', from: '', to: '+ (hidden)' },
    });
    const { part } = await plan(
      t,
      'KEYCLOAK_SERVER_URL=http://localhost:8080/\nSESSION_SECRET=signs-cookies\n',
    );
    assert.deepEqual(
      part.steps[0]?.changes.map(({ field }) => field),
      ['KEYCLOAK_CLIENT_SECRET'],
    );
  });

  test('empties what another credential left behind, which is no conflict', async (t) => {
    const { part } = await plan(t, 'KEYCLOAK_CLIENT_KEY_FILE=key.pem\nKEYCLOAK_CLIENT_SECRET=\n', {
      canAsk: false,
    });
    assert.deepEqual(part.steps[0]?.changes.at(-1), {
      ...{ field: 'KEYCLOAK_CLIENT_KEY_FILE', from: 'key.pem', to: '(none)' },
    });
    part.assertAgreeable?.();
  });

  test('is refused where the folder of the file is not there: Keycloak would be changed, and the secret lost', async (t) => {
    const { file } = await plan(t, undefined);
    const options = { overwriteEnv: false, yes: true };
    const elsewhere = join(dirname(file), 'shop', '.env');
    await assert.rejects(
      planEnv(elsewhere, options, WANTED, async () => WANTED, {} as never, undefined),
      /\.env: there is no folder .*shop\. Nothing was changed\.$/,
    );
  });

  test('shows neither the secret that goes nor the one that comes, in steps and warnings', async (t) => {
    const { file, part, seen } = await plan(t, OLD);
    assert.deepEqual(part.steps[0]?.changes, [
      { field: 'KEYCLOAK_SERVER_URL', from: 'http://old.example', to: 'http://localhost:8080' },
      { field: 'KEYCLOAK_CLIENT_SECRET', from: '(hidden)', to: '(hidden) (another one)' },
      { field: 'SESSION_SECRET', from: '(hidden)', to: '(hidden) (another one)' },
    ]);
    assert.deepEqual(part.steps[0]?.opens, [
      'values that are there are replaced: KEYCLOAK_SERVER_URL, KEYCLOAK_CLIENT_SECRET, SESSION_SECRET',
    ]);
    const { part: proxied } = await plan(t, 'KEYCLOAK_SERVER_URL=https://me:old-and-private@old.example\n');
    assert.doesNotMatch(JSON.stringify(proxied), NO_SECRET);
    part.assertAgreeable?.();
    for await (const done of part.apply()) seen.push(done.subject);
    assert.doesNotMatch(seen.join('\n'), NO_SECRET);
    assert.match(
      await readFile(file, 'utf8'),
      /CLIENT_SECRET=new-and-private\nSESSION_SECRET=signs-cookies\n/,
    );
  });

  test('says what differs where nobody can be asked, without the secrets', async (t) => {
    const { file, part } = await plan(t, OLD, { canAsk: false });
    assert.throws(
      () => part.assertAgreeable?.(),
      (error) => {
        assert.ok(error instanceof UsageError);
        assert.match(error.message, /KEYCLOAK_SERVER_URL: http:\/\/old\.example → http:\/\/localhost:8080/);
        assert.match(error.message, /KEYCLOAK_CLIENT_SECRET: \(hidden\)/);
        assert.doesNotMatch(error.message, NO_SECRET);
        return true;
      },
    );
    assert.equal(await readFile(file, 'utf8'), OLD);
  });
});

test('an agreed file is written once: what is there already is no step, and is not written again', async (t) => {
  const { file, part } = await plan(t, undefined);
  const write = async () => {
    const subjects: string[] = [];
    for await (const { verb, subject } of part.apply()) subjects.push(`${verb} ${subject}`);
    return subjects;
  };
  assert.deepEqual(await write(), [`wrote ${file} (readable by you alone)`]);
  assert.deepEqual(await write(), []);
  const { part: again } = await plan(t, await readFile(file, 'utf8'));
  assert.deepEqual([again.steps, again.kept, again.blocked], [[], [], []]);
});

test('values are replaced where --overwrite-env says so, and by --yes alone they are not', async (t) => {
  const { file } = await plan(t, OLD);
  const of = (overwriteEnv: boolean, yes: boolean) =>
    planEnv(file, { overwriteEnv, yes }, WANTED, async () => WANTED, {} as never, {} as never);
  const overwritten = await of(true, true);
  overwritten.assertAgreeable?.();
  assert.deepEqual(overwritten.steps[0]?.opens, []);
  const agreed = await of(false, true);
  assert.throws(() => agreed.assertAgreeable?.(), /has other values:[\s\S]*Give --overwrite-env/);
});

test('a secret that Keycloak is going to make is in the plan; where no secret is needed, none', async (t) => {
  const { KEYCLOAK_CLIENT_SECRET: _, ...known } = WANTED;
  const { file } = await plan(t, undefined);
  const fieldsOf = async (needsSecret?: boolean) => {
    const options = { overwriteEnv: false, yes: false };
    const { steps } = await planEnv(
      file,
      options,
      known,
      async () => known,
      {} as never,
      undefined,
      needsSecret,
    );
    return steps[0]?.changes.map(({ field, to }) => `${field}=${to}`);
  };
  const others = ['KEYCLOAK_SERVER_URL=http://localhost:8080', 'SESSION_SECRET=(hidden)'];
  assert.deepEqual(await fieldsOf(), [...others, 'KEYCLOAK_CLIENT_SECRET=(hidden)']);
  assert.deepEqual(await fieldsOf(false), others);
});

describe('the secret of a client', () => {
  const goal = { realm: 'main', clientId: 'api', clientSecret: 'of-the-settings' };
  function keycloakWith(value: string | undefined) {
    const calls: string[] = [];
    const clients = {
      find: async () => [{ id: 'c-1', clientId: 'api' }],
      getClientSecret: async ({ id }: { id: string }) => {
        calls.push(`read ${id}`);
        return { value };
      },
      generateNewClientSecret: async ({ id }: { id: string }) => {
        calls.push(`make ${id}`);
        return { value: 'made' };
      },
    };
    return { calls, api: { clients } as never };
  }

  test('is that of the settings for a client that is made, is read of one that is there, and a public one has none', async () => {
    for (const [client, secret, called] of [
      [undefined, 'of-the-settings', []],
      [null, 'of-the-settings', []],
      [{ id: 'c-1', publicClient: true }, undefined, []],
      [{ publicClient: false }, undefined, []],
      [{ id: 'c-1', publicClient: false }, 'there', ['read c-1']],
    ] as const) {
      const { api, calls } = keycloakWith('there');
      assert.deepEqual([await readSecret(api, goal, client as never), calls], [secret, called]);
    }
  });

  test('is made where there is none', async () => {
    const there = keycloakWith('there');
    assert.deepEqual([await readOrMakeSecret(there.api, goal), there.calls], ['there', ['read c-1']]);
    const none = keycloakWith(undefined);
    assert.deepEqual(
      [await readOrMakeSecret(none.api, goal), none.calls],
      ['made', ['read c-1', 'make c-1']],
    );
  });

  test('is not read where nothing is written, nor where the client proves itself with a key', async (t) => {
    const { file } = await plan(t, undefined);
    const of = async (to: string | undefined, client: object, type?: string) => {
      const { api, calls } = keycloakWith('there');
      const chosen = type && { goal: { type }, settings: { KEYCLOAK_CLIENT_KEY_FILE: 'key.pem' } };
      const how = { file: to, serverUrl: 'http://localhost:8080', chosen, overwriteEnv: false, yes: true };
      const { steps } = await planClientEnv(api, goal, client as never, how as never, {} as never, undefined);
      return [steps[0]?.changes.map(({ field }) => field.replace('KEYCLOAK_', '')) ?? [], calls];
    };
    const names = ['SERVER_URL', 'REALM', 'CLIENT_ID'];
    const byKey = { id: 'c-1', clientAuthenticatorType: 'client-jwt' };
    assert.deepEqual(await of(undefined, { id: 'c-1' }), [[], []]);
    assert.deepEqual(await of(file, { id: 'c-1' }), [[...names, 'CLIENT_SECRET'], ['read c-1']]);
    assert.deepEqual(await of(file, byKey), [names, []]);
    assert.deepEqual(await of(file, { id: 'c-1' }, 'key'), [[...names, 'CLIENT_KEY_FILE'], []]);
    assert.deepEqual(await of(file, byKey, 'secret'), [
      ...[[...names, 'CLIENT_SECRET', 'CLIENT_KEY_FILE'], ['read c-1']],
    ]);
  });
});
