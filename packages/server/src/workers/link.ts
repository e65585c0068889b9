import type { Revocation } from 'keycloak-guard';
import { createRevocationLog } from 'keycloak-guard/unstable';
import type { WorkerLink } from '../shared/worker-link.ts';
import type { Port, ToPrimary, ToWorker } from './messages.ts';
import type { SharedMethods } from './shared-memory.ts';

/** The primary does nothing that takes long: one that does not answer hangs. Unit: milliseconds. */
const TIMEOUT_MS = 2_000;

export function openLink(port: Port<ToPrimary, ToWorker>): WorkerLink {
  const pending = new Map<number, { resolve(value: never): void; reject(error: Error): void }>();
  const listeners = new Set<(revocation: Revocation) => void>();
  const newsListeners = new Set<{ readonly topic: string; readonly listener: (news: string) => void }>();
  const log = createRevocationLog();
  let lastId = 0;
  let isKnowing = false;
  let areAllReady = false;
  let drain: () => void = () => {};
  const drained = new Promise<void>((resolve) => {
    drain = resolve;
  });

  function call<M extends keyof SharedMethods>(
    method: M,
    ...args: Parameters<SharedMethods[M]>
  ): Promise<Awaited<ReturnType<SharedMethods[M]>>> {
    return new Promise((resolve, reject) => {
      const id = ++lastId;
      const giveUp = () => {
        pending.delete(id);
        reject(new Error('the primary process does not answer'));
      };
      // In two halves: where this process stood still, timers end before answers that came meanwhile are read.
      let timer = setTimeout(() => {
        timer = setTimeout(giveUp, TIMEOUT_MS / 2);
      }, TIMEOUT_MS / 2);
      const settle =
        <T>(act: (value: T) => void) =>
        (value: T) => {
          clearTimeout(timer);
          pending.delete(id);
          act(value);
        };
      pending.set(id, { resolve: settle(resolve), reject: settle(reject) });
      port.send({ kind: 'call', id, method, args });
    });
  }

  port.listen((message) => {
    switch (message.kind) {
      case 'answer': {
        const { id, value, error } = message;
        if (error === undefined) pending.get(id)?.resolve(value as never);
        else pending.get(id)?.reject(new Error(error));
        break;
      }
      case 'revocations':
        for (const revocation of message.revocations) {
          log.add(revocation);
          for (const listener of listeners) listener(revocation);
        }
        break;
      case 'news':
        for (const one of newsListeners) if (one.topic === message.topic) one.listener(message.news);
        break;
      case 'all-ready':
        ({ areAllReady } = message);
        break;
      case 'drain':
        drain();
    }
  });
  /** Until it is answered: a worker that never learns who was logged out is never ready, nor is the whole service. */
  function follow(): void {
    call('follow').then(
      () => {
        isKnowing = true;
      },
      () => setTimeout(follow, TIMEOUT_MS / 2).unref(),
    );
  }
  follow();

  return {
    revocations: {
      get isCaughtUp() {
        return isKnowing;
      },
      add: (revocation) => call('revoke', revocation),
      subscribe(listener) {
        for (const revocation of log.all()) listener(revocation);
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
      useOnce: (id, expiresAt) => call('useOnce', id, expiresAt),
      useProofOnce: (id, expiresAt) => call('useProofOnce', id, expiresAt),
      news: {
        take: (topic, holder, ttlMs) => call('newsTake', topic, holder, ttlMs),
        leave: (topic, holder) => call('newsLeave', topic, holder),
        tell: (topic, holder, news) => call('newsTell', topic, holder, news),
        listen(topic, listener) {
          const one = { topic, listener };
          newsListeners.add(one);
          return () => newsListeners.delete(one);
        },
      },
    },
    sessions: {
      get: (key) => call('sessionGet', key),
      create: (key, value, ttlMs, group) => call('sessionCreate', key, value, ttlMs, group ?? null),
      replace: (key, value) => call('sessionReplace', key, value),
      remaining: (key) => call('sessionRemaining', key),
      touch: (key, ttlMs) => call('sessionTouch', key, ttlMs),
      delete: (key) => call('sessionDelete', key),
      async lock(key, ttlMs) {
        const lock = await call('sessionLock', key, ttlMs);
        // It ends by itself where that cannot be told.
        return lock === null ? null : () => call('sessionUnlock', lock).catch(() => {});
      },
      async close() {},
    },
    limits: { increment: (key, windowMs) => call('count', key, windowMs) },
    get areAllReady() {
      return areAllReady;
    },
    tellReady: (isReady) => port.send({ kind: 'ready', isReady }),
    drained,
  };
}
