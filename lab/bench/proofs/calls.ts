/** What a kind of call costs, and how many there are in a second. */
export interface CallCost {
  readonly perSecond: number;
  /** Processor time of whoever answers, for each call. Unit: milliseconds. */
  readonly cpuMs: number;
}

export interface CallsOptions {
  /** One call; told who makes it, 0 to `callers` - 1. */
  readonly call: (caller: number) => Promise<unknown>;
  readonly callers: number;
  readonly seconds: number;
  /** Calls before those that count: what answers is compiled while it runs. */
  readonly warmUpSeconds: number;
  /** Processor time that was used so far. Unit: seconds. */
  readonly clock: () => number | Promise<number>;
}

/** So many callers, each with its next call as soon as it has the answer to the last. */
export async function measureCalls(options: CallsOptions): Promise<CallCost> {
  await run(options, options.warmUpSeconds);
  const before = await options.clock();
  const { calls, seconds } = await run(options, options.seconds);
  const used = (await options.clock()) - before;
  return { perSecond: calls / seconds, cpuMs: (used * 1000) / calls };
}

async function run({ call, callers }: CallsOptions, seconds: number) {
  const began = performance.now();
  const elapsed = () => (performance.now() - began) / 1000;
  let calls = 0;
  async function repeat(caller: number): Promise<void> {
    while (elapsed() < seconds) {
      await call(caller);
      calls++;
    }
  }
  await Promise.all(Array.from({ length: callers }, (_, caller) => repeat(caller)));
  return { calls, seconds: elapsed() };
}

/** The JSON of an answer that has to be 200. */
export async function askJson(url: string, init: RequestInit): Promise<Record<string, string>> {
  const response = await fetch(url, init);
  const text = await response.text();
  if (response.status !== 200) throw new Error(`${new URL(url).pathname}: HTTP ${response.status}`);
  return JSON.parse(text) as Record<string, string>;
}

export const asForm = (fields: Record<string, string>): RequestInit => ({
  method: 'POST',
  body: new URLSearchParams(fields),
});
