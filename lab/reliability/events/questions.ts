// How often Keycloak is asked while many tokens are in use, without and with its events:
//   npx tsx --conditions=@keycloak-guard/source lab/reliability/events/questions.ts --url http://127.0.0.1:8080
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { createVerifier } from 'keycloak-guard';
import { startEvents } from 'keycloak-guard/events';
import { CLIENT, createLabRealm, type LabRealm } from './realm.ts';

const { values } = parseArgs({
  options: {
    url: { type: 'string', default: 'http://127.0.0.1:8080' },
    realm: { type: 'string', default: 'lab-events' },
    tokens: { type: 'string', default: '20000' },
    seconds: { type: 'string', default: '60' },
  },
});
const [tokenCount, seconds] = [Number(values.tokens), Number(values.seconds)];
const USERS = 200;
/** Each token is used once in so long. Unit: milliseconds. */
const USE_MS = 5_000;
const TURN_MS = 50;

const realm = await createLabRealm(values.url, values.realm);
try {
  const sessions = await Promise.all(Array.from({ length: 4 }, (_, i) => signIn(realm, i)));
  for (const follows of [false, true]) await measure(realm, sessions.flat(), follows);
} finally {
  await realm.remove();
}

async function signIn(realm: LabRealm, lane: number) {
  const all: { sub: string; sid: string }[] = [];
  for (let i = lane; i < USERS; i += 4) {
    const username = `user-${i}`;
    await realm.createUser(username);
    all.push(await realm.login(username));
  }
  return all;
}

async function measure(
  realm: LabRealm,
  sessions: readonly { sub: string; sid: string }[],
  follows: boolean,
): Promise<void> {
  let questions = 0;
  let refused = 0;
  const verifier = createVerifier({
    ...{ serverUrl: realm.url, realm: realm.name, ...CLIENT, maxCachedTokens: tokenCount, onNotice: false },
    fetch: (...args) => {
      questions++;
      return fetch(...args);
    },
  });
  await verifier.load();
  if (follows) {
    await startEvents(verifier).ready;
    // Tokens that were issued before events were heard, plus the tolerance of the clocks, are asked about as ever.
    await sleep(7_000);
  }
  const tokens = Array.from({ length: tokenCount }, (_, i) =>
    realm.mint(sessions[i % sessions.length] as never),
  );
  for (const token of tokens) await verifier.verify(token);
  const perTurn = Math.ceil(tokenCount / (USE_MS / TURN_MS));
  const perSecond: number[] = [];
  let at = 0;
  for (const begin = performance.now(); performance.now() - begin < seconds * 1000; ) {
    const before = questions;
    const second = performance.now();
    while (performance.now() - second < 1_000) {
      for (let i = 0; i < perTurn; i++, at++) {
        Promise.resolve(verifier.verify(tokens[at % tokenCount] as string)).catch(() => refused++);
      }
      await sleep(TURN_MS);
    }
    perSecond.push((questions - before) / ((performance.now() - second) / 1000));
  }
  const mean = (list: readonly number[]) =>
    (list.reduce((sum, one) => sum + one, 0) / list.length).toFixed(1);
  console.log(
    `${follows ? 'with' : 'without'} events: ${tokenCount} tokens in use, ${seconds} s: ${mean(perSecond)} questions a second (last half ${mean(perSecond.slice(perSecond.length / 2))}), ${refused} refused`,
  );
  await verifier.close();
}
