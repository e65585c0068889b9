import { AuthError, type Principal } from '../../core/index.ts';

/** A caller on a connection that stays open: a WebSocket, Socket.IO, server-sent events. */
export interface Connection {
  /** The caller; another object after each new token. */
  readonly principal: Principal;
  /**
   * Aborted when the connection must be closed, with an `AuthError` as its reason: the token expired, its session ended, or
   * the token does not meet a requirement any more.
   */
  readonly signal: AbortSignal;
  /**
   * Replaces the access token by a new one of the same person, which must meet the requirements.
   *
   * @throws {AuthError} rejects with the error that a guard would refuse the token with; the connection then keeps the old one
   */
  renew(token: string): Promise<Principal>;
  /** Checks the caller now, as a guard would. @throws {AuthError} rejects with the refusal */
  verify(): Promise<Principal>;
  /**
   * The items of a source, for subscriptions of GraphQL and RPC: done as soon as the connection has to be closed, and ends the
   * connection when it is done or its reader leaves.
   *
   * @example
   * const connection = await kc.connect(request);
   * return connection.stream(pubsub.subscribe('orders'));
   */
  stream<T>(source: AsyncIterable<T>): AsyncIterableIterator<T>;
  /** Call it when the connection has ended. */
  end(): void;
}

/** @returns what the source yields; done as soon as the connection has to end, also while the source has nothing to say */
export function toStream<T>(
  events: AsyncIterable<T>,
  { signal, end }: Pick<Connection, 'signal' | 'end'>,
): AsyncIterableIterator<T> {
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

/** Opens connections that meet the same requirements. */
export interface ConnectionGuard<Incoming> {
  /** @throws {AuthError} rejects with the error that a guard would refuse the request with */
  open(request: Incoming): Promise<Connection>;
  /** With a token from another place than the `Authorization` header. */
  openWith(request: Incoming, token: unknown): Promise<Connection>;
}

/** A client can send anything as a token. */
export function toToken(token: unknown): string {
  if (typeof token === 'string' && token !== '') return token.replace(/^bearer +/i, '');
  throw new AuthError('missing_token', 'The message has no token');
}
