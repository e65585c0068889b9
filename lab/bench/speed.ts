import { type Load, runLoad } from './load/generator.ts';
import type { startServer } from './processes.ts';
import { quantile } from './statistics.ts';

/** How quickly one server answered. */
export interface Speed {
  readonly perSecond: number;
  readonly cpuMicroseconds: number;
}

/** @param mayBeRefused so many requests; with more the figure is worth nothing, and it throws */
export async function measureSpeed(
  server: Pick<Awaited<ReturnType<typeof startServer>>, 'usage'>,
  load: Load,
  mayBeRefused = 0,
): Promise<Speed> {
  const before = await server.usage();
  const result = await runLoad(load);
  const { cpuMicroseconds } = await server.usage();
  if (result.refused > mayBeRefused) {
    throw new Error(`${load.url}: ${result.refused} of ${result.requests} were refused`);
  }
  return {
    perSecond: result.requests / result.seconds,
    cpuMicroseconds: (cpuMicroseconds - before.cpuMicroseconds) / result.requests,
  };
}

export function medianSpeed(speeds: readonly Speed[]): Speed {
  const middle = (name: keyof Speed) =>
    quantile(
      speeds.map((one) => one[name]).sort((a, b) => a - b),
      0.5,
    );
  return { perSecond: middle('perSecond'), cpuMicroseconds: middle('cpuMicroseconds') };
}
