import { fork } from 'node:child_process';
import type { Figure } from '../figures.ts';
import type { PartOptions } from '../part-options.ts';
import { here } from '../processes.ts';

interface Sample {
  readonly seen: number;
  readonly cached: number;
  readonly heapUsed: number;
  readonly rss: number;
}

const MIB = 1024 * 1024;

/** A million tokens, every one of them good and different, through one verifier. */
export async function memory({ quick, log }: PartOptions): Promise<Figure[]> {
  const tokens = quick ? 100_000 : 1_000_000;
  const samples: Sample[] = [];
  const child = fork(here('servers/memory.mjs'), {
    execArgv: ['--expose-gc'],
    env: { PATH: process.env.PATH, TOKENS: String(tokens), EVERY: String(tokens / 10) },
  });
  child.on('message', (sample: Sample) => {
    samples.push(sample);
    log(
      `memory: ${sample.seen.toLocaleString('en-US')} tokens seen, ${(sample.heapUsed / MIB).toFixed(0)} MiB`,
    );
  });
  const code = await new Promise<number | null>((resolve) => child.once('exit', resolve));
  if (code !== 0 || samples.length !== 11) throw new Error(`the memory run ended with ${code}`);
  const full = samples[1] as Sample;
  const last = samples[10] as Sample;
  const growth = (last.heapUsed - full.heapUsed) / MIB;
  return [
    {
      figure: `memory with ${tokens.toLocaleString('en-US')} different valid tokens seen, MAX_CACHED_TOKENS=10000`,
      target: 'flat',
      measured: `heap ${(full.heapUsed / MIB).toFixed(1)} MiB after ${full.seen.toLocaleString('en-US')}, ${(last.heapUsed / MIB).toFixed(1)} MiB at the end; ${last.cached.toLocaleString('en-US')} tokens kept`,
      isReached: growth < 3 && last.cached <= 10_000,
      command: 'npm run bench -- memory',
    },
  ];
}
