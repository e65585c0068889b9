import { createSingleFlight } from '../core/internal.ts';
import type { Catalog } from './catalog.ts';
import type { GrantedResource } from './grants.ts';
import { keyOf, type Permission } from './permission.ts';
import type { Asker } from './question.ts';
import type { Answer } from './read-answer.ts';

/** Keycloak's answer about one permission. `unknown`: it has no such resource or scope. */
export type Verdict = 'granted' | 'denied' | 'unknown';

/** A verdict, and the time of the question. Unit: milliseconds since 1970. */
export interface DatedVerdict {
  readonly verdict: Verdict;
  readonly askedAt: number;
}

/** Collects questions about single permissions and asks them together. */
export type Batches = ReturnType<typeof createBatches>;

/** Sends one question; see `askKeycloak`. */
type Ask = (asker: Asker, asked: readonly string[]) => Promise<Answer>;

interface Waiting {
  readonly permission: Permission;
  settle(verdict: Verdict | Promise<Verdict>): void;
}

/** Most resources in one question: proxies refuse a form that is too long. */
const MAX_RESOURCES = 50;

/**
 * Asks once for everything that one token asks within a tick, and does not repeat a question that is under way.
 *
 * Only the exact id and scope that were asked for count in the answer: Keycloak answers 200 for a partial grant, leaves out
 * what it does not know, and may add what nobody asked for.
 */
export function createBatches(ask: Ask, catalog: Catalog, clock: () => number) {
  const open = new Map<string, Waiting[]>();
  const once = createSingleFlight<DatedVerdict>();

  async function flush(asker: Asker, waiting: readonly Waiting[]): Promise<void> {
    const byId = new Map<string, Waiting[]>();
    await Promise.all(
      waiting.map(async (one) => {
        try {
          const id = await catalog.idOf(one.permission, asker.token);
          if (id === 'unknown') one.settle('unknown');
          else byId.set(id, [...(byId.get(id) ?? []), one]);
        } catch (error) {
          one.settle(Promise.reject(error));
        }
      }),
    );
    const all = [...byId];
    for (let at = 0; at < all.length; at += MAX_RESOURCES) {
      void settleTogether(asker, all.slice(at, at + MAX_RESOURCES));
    }
  }

  async function settleTogether(asker: Asker, group: [string, Waiting[]][]): Promise<void> {
    try {
      const answer = await ask(asker, group.map(toAsked));
      if (answer !== 'unknown') {
        for (const [id, waiting] of group) {
          for (const one of waiting) one.settle(judge(answer, id, one.permission.scope));
        }
      } else if (group.length > 1) {
        // One unknown resource must not decide for the others.
        for (const one of group) void settleTogether(asker, [one]);
      } else {
        for (const one of group.flatMap(([, waiting]) => waiting)) {
          // The resource may have been created again under another id.
          if (one.permission.resource !== undefined) catalog.forget(one.permission.resource);
          one.settle('unknown');
        }
      }
    } catch (error) {
      for (const [, waiting] of group) for (const one of waiting) one.settle(Promise.reject(error));
    }
  }

  function start(asker: Asker, permission: Permission): Promise<Verdict> {
    const batch = `${asker.token}\n${asker.claims}`;
    return new Promise<Verdict>((settle) => {
      const waiting = open.get(batch);
      if (waiting !== undefined) {
        waiting.push({ permission, settle });
        return;
      }
      open.set(batch, [{ permission, settle }]);
      setImmediate(() => {
        const all = open.get(batch) as Waiting[];
        open.delete(batch);
        void flush(asker, all);
      });
    });
  }

  return {
    /** Rejects as `askKeycloak` does. */
    ask(asker: Asker, permission: Permission): Promise<DatedVerdict> {
      const key = `${asker.token}\n${asker.claims}\n${keyOf(permission)}`;
      return once(key, async () => {
        const askedAt = clock();
        return { verdict: await start(asker, permission), askedAt };
      });
    },
  };
}

function toAsked([id, waiting]: [string, Waiting[]]): string {
  const scopes = new Set(waiting.flatMap(({ permission }) => permission.scope ?? []));
  return scopes.size === 0 ? id : `${id}#${[...scopes].join(',')}`;
}

/** A permission without a scope means a resource without scopes: for any other, Keycloak grants the scopes that it can. */
function judge(grants: readonly GrantedResource[], id: string, scope: string | undefined): Verdict {
  const mine = grants.filter((one) => one.id === id);
  if (mine.length === 0) return 'denied';
  if (scope !== undefined) return mine.some(({ scopes }) => scopes.includes(scope)) ? 'granted' : 'denied';
  return mine.every(({ scopes }) => scopes.length === 0) ? 'granted' : 'unknown';
}
