import type { Notice } from '../core/index.ts';
import { createBoundedCache, createNoticeLines, getOrMake, toSafeListener } from '../core/internal.ts';

/** One notice in this time for an outage of a server, however many tenants have their realm there. */
const REPEAT_AFTER_MS = 10_000;
const MOST_KEPT = 1_000;
const OUTAGES: ReadonlySet<string> = new Set([
  'keys_unavailable',
  'provider_unavailable',
  'events_lost',
  'tenants_unavailable',
]);

/**
 * Notices of tenants: with the name of the tenant, and no more often than is of use.
 *
 * @param listener `false`: none. Default: lines on the standard error output
 */
export function createTenantNotices(listener: ((notice: Notice) => void) | false | undefined) {
  const repeatedAt = createBoundedCache<number>(MOST_KEPT);
  const lines = createBoundedCache<(notice: Notice) => void>(MOST_KEPT);
  const safe = listener === undefined ? undefined : toSafeListener(listener);

  return {
    /**
     * @param server origin of the tenant's server; empty for what concerns none
     * @param tenant name; `undefined` for what concerns all
     */
    notify(notice: Notice, server: string, tenant?: string): void {
      const kind = OUTAGES.has(notice.code) ? notice.code : `${notice.message} ${tenant}`;
      const isRare = notice.level === 'info' && notice.code !== 'tenant_changed';
      const key = `${server} ${kind}`;
      if (!isRare && (repeatedAt.get(key) ?? 0) > performance.now()) return;
      repeatedAt.set(key, performance.now() + REPEAT_AFTER_MS);
      const subject = tenant === undefined ? 'tenants' : `tenant ${tenant}`;
      const listen = safe ?? getOrMake(lines, subject, () => createNoticeLines(subject));
      listen({ ...notice, ...(tenant !== undefined && { tenant }) });
    },
  };
}
