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
  let now = performance.now();
  const { clearTimeout: end } = globalThis;
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  const { clearTimeout: endStopped } = globalThis;
  // One that ran before, too: the timer of a connection that is closed from now on would find nothing of it, and end the process.
  globalThis.clearTimeout = (timer) => {
    end(timer);
    endStopped(timer);
  };
  t.mock.method(performance, 'now', () => now);
  pass = (ms) => {
    now += ms;
    t.mock.timers.tick(ms);
  };
  t.after(() => {
    pass = undefined;
  });
}

/** Where Node's `fetch` keeps the agent that it uses. */
const AGENT = Symbol.for('undici.globalDispatcher.1');

/**
 * Node's `fetch` sets timers for connections that wait. Time that passes at once would end them, those of other tests of the process
 * too, and the process with them: the parser of one that is gone is no longer there.
 */
function useFetchWithoutTimers(): void {
  // Loads it.
  void fetch('data:,').catch(() => {});
  const agents = globalThis as unknown as Record<symbol, { constructor: new (options: object) => never }>;
  const Agent = agents[AGENT]?.constructor;
  if (Agent !== undefined)
    agents[AGENT] = new Agent({ headersTimeout: 0, bodyTimeout: 0, pipelining: 0, connect: { timeout: 0 } });
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

/** What is due within that time happens. */
export async function passTime(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += STEP_MS) {
    await settle();
    pass?.(STEP_MS);
    await settle();
  }
}
