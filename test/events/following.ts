import type { TestContext } from 'node:test';
import type { Verifier } from '../../packages/guard/src/core/index.ts';
import { type CursorStore, type EventsOptions, startEvents } from '../../packages/guard/src/events/index.ts';
import { passing, stopTime } from '../support/passing-time.ts';
import { createEventRealm, type EventRealm } from './fake-events.ts';

export async function startFollowing(
  t: TestContext,
  prepare?: (events: EventRealm) => void,
  options: EventsOptions = {},
) {
  stopTime(t);
  const events = createEventRealm();
  prepare?.(events);
  const verifier = events.verifier();
  await verifier.load();
  const news = startEvents(verifier, { pollMs: 200, ...options });
  t.after(async () => {
    await news.close();
    await verifier.close();
  });
  await passing('they are followed', () => news.status().isHealthy);
  return { events, realm: events.realm, verifier, news };
}

const looks = ({ calls }: EventRealm) => calls['admin-events'] ?? 0;

/** Resolves when everything up to now was heard. */
export async function heard(events: EventRealm): Promise<void> {
  const before = looks(events);
  await passing('it was looked at twice', () => looks(events) >= before + 2);
}

/** The code of the refusal. */
export const isRefused = async (verifier: Verifier, token: string): Promise<string | undefined> => {
  try {
    await verifier.verify(token);
    return undefined;
  } catch (error) {
    return (error as { code: string }).code;
  }
};

/** A store that ends with the test. */
export function createMemoryCursor(): CursorStore {
  let kept: string | null = null;
  return {
    load: async () => kept,
    async save(state) {
      kept = state;
    },
  };
}
