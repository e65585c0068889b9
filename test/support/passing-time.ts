import type { TestContext } from 'node:test';

const STEP_MS = 50;
let pass: ((ms: number) => void) | undefined;

/**
 * Timers and the monotonic clock stand still until {@link passing} moves them, to the end of the test. For code that reaches
 * nothing outside the process: its answers come without time. `AbortSignal.timeout` stays as it is.
 */
export function stopTime(t: TestContext): void {
  if (pass !== undefined) return;
  useFetchWithoutTimers();
  // Whole, so that sums of times are exact.
  let now = Math.ceil(performance.now());
  stopTimers(t);
  t.mock.method(performance, 'now', () => now);
  pass = (ms) => {
    now += ms;
    t.mock.timers.tick(ms);
  };
  t.after(() => {
    pass = undefined;
  });
}

/** Timers stand still until `t.mock.timers.tick`, to the end of the test. Those that ran before can be ended as ever. */
export function stopTimers(
  t: TestContext,
  apis: ('setTimeout' | 'setInterval' | 'Date')[] = ['setTimeout', 'setInterval'],
): void {
  t.mock.timers.reset();
  const { clearTimeout: end } = globalThis;
  t.mock.timers.enable({ apis });
  const { clearTimeout: endStopped } = globalThis;
  // Otherwise the timer of a connection that is closed from now on would find nothing of it, and end the process, or keep it.
  globalThis.clearTimeout = (timer) => {
    end(timer);
    endStopped(timer);
  };
}

/** Where Node's `fetch` keeps the agent that it uses: the second from Node 26 on. */
const AGENTS = ['undici.globalDispatcher.1', 'undici.globalDispatcher.2'].map((name) => Symbol.for(name));

/**
 * Node's `fetch` sets timers for connections that wait. Time that passes at once would end them, those of other tests of the process
 * too, and the process with them: the parser of one that is gone is no longer there.
 */
function useFetchWithoutTimers(): void {
  // Loads it.
  void fetch('data:,').catch(() => {});
  const agents = globalThis as unknown as Record<symbol, { constructor: new (options: object) => never }>;
  for (const place of AGENTS) {
    const Agent = agents[place]?.constructor;
    // In Node 26 something else is in the first place, for older programs.
    if (Agent?.name === 'Agent')
      agents[place] = new Agent({
        headersTimeout: 0,
        bodyTimeout: 0,
        pipelining: 0,
        connect: { timeout: 0 },
      });
  }
}

/** What is under way without a timer goes on. */
async function settle(): Promise<void> {
  for (let i = 0; i < 25; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** Like `eventually`, by the time that is stopped: it passes until the condition holds. */
export async function passing(
  what: string,
  condition: () => boolean | Promise<boolean>,
  mostMs = 60_000,
): Promise<void> {
  for (let passed = 0; !(await condition()); passed += STEP_MS) {
    if (passed > mostMs) throw new Error(`not within ${mostMs} ms: ${what}`);
    await passTime(STEP_MS);
  }
}

/**
 * What is imported meanwhile is there: another thread answers for that, where it has hooks, and on a busy machine all stopped time could
 * pass before it does. It answers in turn, so a module that is there already is answered last.
 */
const loads = (): Promise<unknown> => import(import.meta.url);
const STEPS_OF_LOADS = 10;
let steps = 0;

/** What is due within that time happens. */
export async function passTime(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += STEP_MS) {
    if (steps++ % STEPS_OF_LOADS === 0) await loads();
    await settle();
    pass?.(STEP_MS);
    await settle();
  }
}
