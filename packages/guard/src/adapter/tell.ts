import type { Log } from '../core/index.ts';

/** Tells a listener. One that throws or rejects, as an audit log that is full, changes nothing but the log. */
export function tell(log: Pick<Log, 'error'>, name: string, listener: () => unknown): void {
  const fail = (err: unknown) => log.error({ err }, `${name} failed`);
  try {
    // Of whichever make a promise is: what nobody catches ends the process.
    Promise.resolve(listener()).catch(fail);
  } catch (error) {
    fail(error);
  }
}
