import { AuthError } from '../core/index.ts';
import { createCallSlots } from '../core/internal.ts';
import type { TenantLookup } from './options.ts';

/**
 * Most calls at a time for names that are new here: anybody can make some up. As many ask again about those that were there. There
 * is no bound by time: it would refuse new tenants as long as somebody makes up names.
 */
const MOST_AT_ONCE = 32;

/** The longest name that is looked up. */
const LONGEST_NAME = 255;
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

/** Names become parts of keys, cookies and log lines. */
export function isTenantName(name: string): boolean {
  return name.length <= LONGEST_NAME && name.trim() === name && !UNPRINTABLE.test(name);
}

/** Asks the application's directory: few calls at a time, each with a time limit. */
export function createDirectory(get: TenantLookup, timeoutMs: number) {
  const slotsForKnown = createCallSlots(MOST_AT_ONCE, timeoutMs);
  const slotsForOthers = createCallSlots(MOST_AT_ONCE, timeoutMs);

  async function withinTime(call: () => ReturnType<TenantLookup>): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const late = () => reject(unavailable(`It gave no answer within ${timeoutMs} ms`));
      // It is awaited, so it keeps the process alive.
      const timer = setTimeout(late, timeoutMs);
      // A function that throws has failed like one that rejects.
      const answer = new Promise((settle) => settle(call()));
      answer
        .then(resolve, (cause: unknown) => reject(unavailable(toReason(cause), cause)))
        .finally(() => {
          clearTimeout(timer);
        });
    });
  }

  return {
    /**
     * Asks the directory about a name. The answer may be anything.
     *
     * @param isKnown whether it had the name before: whoever makes up others does not delay it
     * @throws {AuthError} (rejects with one) `tenants_unavailable` if it fails, is too slow, or has too many calls
     */
    async ask(name: string, isKnown: boolean): Promise<unknown> {
      const slots = isKnown ? slotsForKnown : slotsForOthers;
      if (!(await slots.enter())) throw unavailable('Too many names are looked up at once');
      try {
        return await withinTime(() => get(name));
      } finally {
        slots.leave();
      }
    },
  };
}

/** Without the words of the error: those of a database may hold its password. */
function toReason(cause: unknown): string {
  try {
    const { name = typeof cause, code } = Object(cause) as { name?: unknown; code?: unknown };
    return `It failed: ${String(name)}${typeof code === 'string' ? ` ${code}` : ''}`;
  } catch {
    return 'It failed';
  }
}

const unavailable = (reason: string, cause?: unknown) =>
  new AuthError('tenants_unavailable', `The directory of tenants cannot be asked. ${reason}`, { cause });
