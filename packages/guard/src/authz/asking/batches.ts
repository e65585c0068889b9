import { createSingleFlight } from '../../core/internal.ts';
import type { Catalog } from './names.ts';
import type { Permission } from './permission.ts';
import type { Answer, GrantedResource, Subject } from './question.ts';

/** Keycloak's answer about one permission. `unknown`: it has no such resource or scope. */
export type Verdict = 'granted' | 'denied' | 'unknown';

/** A verdict, and the time of its question. Unit: milliseconds since 1970. */
export interface DatedVerdict {
  readonly verdict: Verdict;
  readonly at: number;
}

export type Batches = ReturnType<typeof createBatches>;

type Ask = (subject: Subject, permissions: readonly string[]) => Promise<Answer>;

interface Waiting {
  readonly permission: Permission;
  settle(verdict: Verdict | Promise<Verdict>): void;
}

/** Most resources in one question: proxies refuse a form that is too long. */
const MAX_RESOURCES = 50;

/**
 * Asks once for everything that one token asks within a tick, and does not repeat a question that is under way.
 *
 * Only the exact id and scope of the question count in the answer: Keycloak answers 200 for a partial grant, leaves out
 * unknown ones, and may add others.
 */
export function createBatches(ask: Ask, catalog: Catalog, clock: () => number) {
  const open = new Map<string, Waiting[]>();
  const once = createSingleFlight<DatedVerdict>();

  async function flush(subject: Subject, waiting: readonly Waiting[]): Promise<void> {
    const byId = new Map<string, Waiting[]>();
    await Promise.all(
      waiting.map(async (one) => {
        try {
          const id = await catalog.idOf(one.permission, subject.token);
          if (id === 'unknown') one.settle('unknown');
          else byId.set(id, [...(byId.get(id) ?? []), one]);
        } catch (error) {
          one.settle(Promise.reject(error));
        }
      }),
    );
    const all = [...byId];
    for (let at = 0; at < all.length; at += MAX_RESOURCES) {
      void settleTogether(subject, all.slice(at, at + MAX_RESOURCES));
    }
  }

  async function settleTogether(subject: Subject, group: [string, Waiting[]][]): Promise<void> {
    try {
      const answer = await ask(subject, group.map(toPermissionText));
      if (answer !== 'unknown') {
        for (const [id, waiting] of group) {
          for (const one of waiting) one.settle(judge(answer, id, one.permission.scope));
        }
      } else if (group.length > 1) {
        // One unknown resource must not decide for the others.
        for (const one of group) void settleTogether(subject, [one]);
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

  function start(subject: Subject, permission: Permission): Promise<Verdict> {
    const batch = `${subject.token}\n${subject.claims}`;
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
        void flush(subject, all);
      });
    });
  }

  return {
    /** @param key under which its answer is kept: questions of one token with one key are the same */
    ask(subject: Subject, permission: Permission, key: string): Promise<DatedVerdict> {
      return once(`${subject.token}\n${key}`, async () => {
        const at = clock();
        return { verdict: await start(subject, permission), at };
      });
    },
  };
}

function toPermissionText([id, waiting]: [string, Waiting[]]): string {
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
