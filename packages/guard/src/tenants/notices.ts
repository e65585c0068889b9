import type { Notice } from '../core/index.ts';
import { createBoundedCache, createNoticeLines, ofEach, toSafeListener } from '../core/internal.ts';
import type { Entry } from './entry.ts';

/** One notice in this time for an outage of a server, however many tenants have their realm there. */
const TELL_EVERY_MS = 10_000;
const MOST_TOLD = 1_000;
const OUTAGES: ReadonlySet<string> = new Set(['keys_unavailable', 'provider_unavailable', 'events_lost']);

/**
 * What the operator hears of many realms: with the name of the tenant, and no more often than is of use.
 *
 * @param given the listener; `false`: none. Default: lines on the standard error output
 */
export function createTenantNotices(given: ((notice: Notice) => void) | false | undefined) {
  const told = createBoundedCache<number>(MOST_TOLD);
  const listener = given === undefined ? undefined : toSafeListener(given);
  const linesOf = ofEach((entry: Entry) => createNoticeLines(`${entry.server}, realm ${entry.realm}`));

  const say = (entry: Entry, notice: Notice) =>
    (listener ?? linesOf(entry))({ ...notice, tenant: entry.name });

  function sometimes(what: string, act: () => void): void {
    if ((told.get(what) ?? 0) > performance.now()) return;
    told.set(what, performance.now() + TELL_EVERY_MS);
    act();
  }

  return {
    tell(entry: Entry, notice: Notice): void {
      if (!OUTAGES.has(notice.code)) say(entry, notice);
      else sometimes(`${entry.server} ${notice.code} ${entry.isKnown}`, () => say(entry, notice));
    },
    /** Tells what many requests may find, once in a while. */
    tellSometimes: (entry: Entry, notice: Notice) => sometimes(notice.message, () => say(entry, notice)),
  };
}
