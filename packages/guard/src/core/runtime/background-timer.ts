/** A timer that does not keep the process alive. Not every runtime knows the difference. */
export function startBackgroundTimer(act: () => unknown, afterMs: number): NodeJS.Timeout {
  const timer = setTimeout(act, afterMs);
  timer.unref?.();
  return timer;
}
