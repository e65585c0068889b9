import type { Log } from '../../core/index.ts';

/** Calls a listener of the application. If it throws or rejects, the error is only logged. */
export function tell(log: Pick<Log, 'error'>, name: string, listener: () => unknown): void {
  const fail = (err: unknown) => log.error({ err }, `${name} failed`);
  try {
    // Any thenable: an unhandled rejection would end the process.
    Promise.resolve(listener()).catch(fail);
  } catch (error) {
    fail(error);
  }
}
