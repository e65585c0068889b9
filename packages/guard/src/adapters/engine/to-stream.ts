/** @returns what the source yields; done as soon as the connection has to end, also while the source has nothing to say */
export function toStream<T>(
  events: AsyncIterable<T>,
  { signal, end }: { readonly signal: AbortSignal; end(): void },
): AsyncIterableIterator<T, undefined> {
  const source = events[Symbol.asyncIterator]();
  const waiting = new Set<() => void>();
  const stop = () => {
    for (const finish of waiting) finish();
    Promise.resolve(source.return?.()).catch(() => {});
  };
  if (signal.aborted) stop();
  else signal.addEventListener('abort', stop);
  const fail = (reject: (error: unknown) => void) => (error: unknown) => {
    end();
    reject(error);
  };
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    next: () =>
      new Promise((resolve, reject) => {
        if (signal.aborted) return resolve(DONE);
        const finish = () => resolve(DONE);
        waiting.add(finish);
        source
          .next()
          .finally(() => waiting.delete(finish))
          .then((step) => {
            if (step.done) end();
            resolve(step.done ? DONE : step);
          }, fail(reject));
      }),
    async return() {
      end();
      await source.return?.();
      return DONE;
    },
    async throw(error: unknown) {
      end();
      return source.throw
        ? ((await source.throw(error)) as IteratorResult<T, undefined>)
        : Promise.reject(error);
    },
  };
}

const DONE = { done: true, value: undefined } as const;
