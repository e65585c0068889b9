import { getOrMake } from '../runtime/get-or-make.ts';
import type { RevocationStore } from './revocation.ts';
import { createRevocationLog, type Revocation, type RevocationLog } from './revocation-log.ts';

/**
 * The revocations of many realms, for their verifiers: kept once, by issuer, and for longer than any of the verifiers lives.
 */
export interface RevocationHub {
  readonly log: Pick<RevocationLog, 'add' | 'get' | 'keepFor' | 'size'>;
  /** Tells every listener of what was not known. */
  add(revocation: Revocation): void;
  /** Returns a function that ends it. */
  listen(listener: (revocation: Revocation) => void): () => void;
  /** Whether other processes hear of them. */
  readonly isShared: boolean;
  close(): void;
}

/** Beyond it a realm loses the oldest of its own, and of no other realm. */
const MOST_OF_ONE_REALM = 100_000;

/** @param store where other processes share them; without one they stay in this process */
export function createRevocationHub(store?: RevocationStore): RevocationHub {
  const logs = new Map<string, RevocationLog>();
  const listeners = new Set<(revocation: Revocation) => void>();
  let keepSeconds = 0;

  const logOf = (issuer: string): RevocationLog =>
    getOrMake(logs, issuer, () => {
      const log = createRevocationLog(undefined, store?.rememberSeconds, MOST_OF_ONE_REALM);
      log.keepFor(keepSeconds);
      return log;
    });

  const log: RevocationHub['log'] = {
    add: (revocation) => logOf(revocation.issuer).add(revocation),
    get: (type = '', issuer = '', ...rest) => logs.get(issuer)?.get(type, issuer, ...rest),
    keepFor(seconds) {
      if (seconds <= keepSeconds) return;
      keepSeconds = seconds;
      for (const one of logs.values()) one.keepFor(seconds);
    },
    get size() {
      return logs.size;
    },
  };

  function add(revocation: Revocation): void {
    if (log.add(revocation)) for (const listener of listeners) listener(revocation);
  }

  return {
    log,
    add,
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    isShared: store !== undefined,
    close: store?.subscribe(add) ?? (() => {}),
  };
}
