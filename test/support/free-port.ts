import { createServer } from 'node:net';

/**
 * Below what systems give to whoever asks for any port, as every outgoing connection does: from 32768 on (Linux) or 49152. Only
 * who names one of these takes it.
 */
const FIRST = 11_000;
const COUNT = 21_000;

/** Processes that run beside each other begin far from each other. */
let last = (process.pid * 7919) % COUNT;

/** A port that nobody listens on, for a program that is started later or comes back. No process here is given it twice. */
export async function freePort(): Promise<number> {
  let port: number;
  do {
    last = (last + 1) % COUNT;
    port = FIRST + last;
  } while (!(await isFree(port)));
  return port;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
      .once('error', () => resolve(false))
      .listen(port, () => server.close(() => resolve(true)));
  });
}
