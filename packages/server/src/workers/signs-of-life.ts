/** Signs of life in the time after which a worker without one is taken for hung. */
const SIGNS = 10;

/** Tells the primary that this worker's event loop runs. Does not keep the process alive. */
export function showLife(timeoutMs: number, show: () => void): void {
  if (timeoutMs === 0) return;
  show();
  setInterval(show, timeoutMs / SIGNS).unref();
}

/** Waits for the signs of life of one worker. */
export type LifeWatch = ReturnType<typeof watchLife>;

/**
 * Calls `onHang` once, when no sign has come for `timeoutMs` since the last one; before the first, a worker loads its
 * modules, which takes as long as the machine is busy. It counts the turns of its own timer: after a pause of
 * the whole machine they come one at a time, so that nobody is killed who stood still with everybody else.
 *
 * @param timeoutMs 0: never
 */
export function watchLife(timeoutMs: number, onHang: () => void) {
  let missed = 0;
  let timer: NodeJS.Timeout | undefined;
  return {
    seen(): void {
      missed = 0;
      if (timeoutMs === 0) return;
      timer ??= setInterval(() => {
        if (++missed === SIGNS) onHang();
      }, timeoutMs / SIGNS);
    },
    end: (): void => clearInterval(timer),
  };
}
