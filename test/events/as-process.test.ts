import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, it, type TestContext } from 'node:test';
import { ROOT } from '../repo/source-imports.ts';
import { startTestIdp } from '../support/dev-idp.ts';
import { readEventsRealm } from '../support/events-realm.ts';

/** Runs a program that has nothing else open, and resolves to what it says. */
async function runAlone(body: string, onNotice: (code: string) => void = () => {}): Promise<string> {
  const source = `
    import { createVerifier } from 'keycloak-guard';
    import { startEvents } from 'keycloak-guard/events';
    import { createRedisRevocationStore, openRedis } from 'keycloak-guard/redis';
    const toVerifier = (serverUrl, options) => createVerifier({
      serverUrl,
      ...{ realm: 'testing', clientId: 'fastapi-keycloak', clientSecret: 'for-development-only' },
      onNotice: ({ code }) => console.error(code),
      ...options,
    });
    ${body}
    console.log('it went on');
    process.exit(0);`;
  // On the packages as they were built, which start in half the time.
  const child = spawn(process.execPath, ['--input-type=module', '--eval', source], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    for (const code of text.trim().split('\n')) onNotice(code);
  });
  await once(child, 'close');
  return said;
}

async function startProvider(t: TestContext, isKept: boolean) {
  const idp = await startTestIdp({ realm: { ...readEventsRealm(), eventsEnabled: isKept } });
  t.after(() => idp.close());
  const token = await idp.issueToken({ username: 'abdullah' });
  return { idp, url: JSON.stringify(idp.url), token: JSON.stringify(token) };
}

describe('a process that has nothing open but a verifier goes on', () => {
  // One after the other in one process: what each opened is closed before the next.
  it('after the first events, though they come when they were reported to be missing; after a token that waited for events that never come, or for a Redis that is away', async (t) => {
    const [late, never, kept] = [
      await startProvider(t, false),
      await startProvider(t, false),
      await startProvider(t, true),
    ];
    const said = await runAlone(
      `
      const following = toVerifier(${late.url});
      await startEvents(following).ready;
      await following.close();
      console.log('events came');
      const waiting = toVerifier(${never.url});
      startEvents(waiting);
      console.log((await waiting.verify(${never.token})).username);
      await waiting.close();
      const redis = openRedis({ url: 'redis://127.0.0.1:9', onNotice() {} });
      const verifier = toVerifier(${kept.url}, { revocationStore: createRedisRevocationStore(redis) });
      console.log((await verifier.verify(${kept.token})).username);`,
      (code) => {
        if (code === 'events_lost') late.idp.updateRealm({ eventsEnabled: true });
      },
    );
    assert.equal(said, 'events came\nabdullah\nabdullah\nit went on\n');
  });

  it('and stays for no events that nobody waits for', async (t) => {
    const { url } = await startProvider(t, false);
    const said = await runAlone(`
      const { exit } = process;
      process.exit = () => {};
      process.on('exit', (code) => console.log(code));
      setTimeout(() => exit(1), 10_000).unref();
      startEvents(toVerifier(${url}));`);
    assert.equal(said, 'it went on\n0\n');
  });

  it('and ends by itself once it has closed what it opened', async (t) => {
    const { url } = await startProvider(t, false);
    const said = await runAlone(`
      process.exit = () => {};
      let closedAt;
      process.on('exit', () => console.log(performance.now() - closedAt));
      const verifier = toVerifier(${url});
      void startEvents(verifier).ready;
      await verifier.close();
      closedAt = performance.now();`);
    const [first, afterMs] = said.split('\n');
    assert.equal(first, 'it went on');
    assert.ok(Number(afterMs) < 2_500, `${afterMs} ms: something that was closed keeps it alive`);
  });
});
