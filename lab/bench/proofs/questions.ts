import { setTimeout as sleep } from 'node:timers/promises';
import { createVerifier } from 'keycloak-guard';
import { startEvents } from 'keycloak-guard/events';
import { CLIENT, type LabRealm } from '../../reliability/events/realm.ts';
import type { PartOptions } from '../part-options.ts';

const TOKENS = 20_000;
/** Each token is used once in so long. Unit: milliseconds. */
const USE_MS = 5_000;
const TURN_MS = 50;

/** How often one process asks Keycloak in a second while 20,000 tokens are in use, in the last half of the time. */
export async function countQuestions(
  realm: LabRealm,
  sessions: readonly { sub: string; sid: string }[],
  follows: boolean,
  { quick, log }: PartOptions,
): Promise<number> {
  let questions = 0;
  const verifier = createVerifier({
    ...{ serverUrl: realm.url, realm: realm.name, ...CLIENT, maxCachedTokens: TOKENS, onNotice: false },
    fetch: (...args) => {
      questions++;
      return fetch(...args);
    },
  });
  const use = async (token: string | undefined) => verifier.verify(token as string);
  try {
    await verifier.load();
    if (follows) {
      await startEvents(verifier).ready;
      // Tokens that were issued before events were heard, plus the tolerance of the clocks, are asked about as ever.
      await sleep(7_000);
    }
    const tokens = Array.from({ length: TOKENS }, (_, i) =>
      realm.mint(sessions[i % sessions.length] as never),
    );
    for (const token of tokens) await use(token);
    const halfMs = quick ? 20_000 : 40_000;
    const begin = performance.now();
    let half: { questions: number; at: number } | undefined;
    let refused = 0;
    for (let at = 0; performance.now() - begin < 2 * halfMs; ) {
      if (performance.now() - begin > halfMs) half ??= { questions, at: performance.now() };
      for (let i = 0; i < TOKENS / (USE_MS / TURN_MS); i++) use(tokens[at++ % TOKENS]).catch(() => refused++);
      await sleep(TURN_MS);
    }
    const perSecond =
      ((questions - (half?.questions ?? 0)) * 1000) / (performance.now() - (half?.at ?? begin));
    log(`${follows ? 'events' : 'rechecks'}: ${perSecond.toFixed(1)} questions a second, ${refused} refused`);
    return perSecond;
  } finally {
    await verifier.close();
  }
}
