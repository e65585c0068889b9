import dns from 'node:dns';
import type { TestContext } from 'node:test';

/** Host names of one's own, that lead here and can be gone. */
export interface HostNames {
  readonly gone: Set<string>;
}

/** Every name below `.test` leads to this machine, in this process, as long as `end` is not called. */
export function inventHostNames(): HostNames & { end(): void } {
  const real = dns.lookup;
  const gone = new Set<string>();
  const lookup = (name: string, options: unknown, callback: (...args: unknown[]) => void) => {
    if (!name.endsWith('.test')) return real(name, options as never, callback as never);
    const isAll = (options as { all?: boolean }).all === true;
    setImmediate(() => {
      if (gone.has(name)) {
        callback(Object.assign(new Error(`getaddrinfo ENOTFOUND ${name}`), { code: 'ENOTFOUND' }));
      } else if (isAll) callback(null, [{ address: '127.0.0.1', family: 4 }]);
      else callback(null, '127.0.0.1', 4);
    });
  };
  dns.lookup = lookup as typeof dns.lookup;
  return {
    gone,
    end() {
      dns.lookup = real;
    },
  };
}

/** {@link inventHostNames} for one test. */
export function useHostNames(t: TestContext): HostNames {
  const names = inventHostNames();
  t.after(() => names.end());
  return names;
}
