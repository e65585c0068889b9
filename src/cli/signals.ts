/** Resolves with the first SIGINT or SIGTERM; the second one ends the process at once. */
export function nextSignal(): Promise<NodeJS.Signals> {
  return new Promise((done) => {
    const on = (signal: NodeJS.Signals) => {
      process.off('SIGTERM', on).off('SIGINT', on);
      done(signal);
    };
    process.on('SIGTERM', on).on('SIGINT', on);
  });
}
