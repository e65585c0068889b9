import type { Log } from '../../core/index.ts';

/** Tells a listener. One that throws or rejects, such as an audit log that is full, changes nothing but the log. */
export function tell(log: Pick<Log, 'error'>, name: string, listener: () => unknown): void {
  const fail = (err: unknown) => log.error({ err }, `${name} failed`);
  try {
    // Whatever made the promise: a rejection that nobody catches ends the process.
    Promise.resolve(listener()).catch(fail);
  } catch (error) {
    fail(error);
  }
}
