import type { EventsStatus } from '../../events/index.ts';

/** Of several realms. */
export function sumEvents(all: readonly EventsStatus[]): EventsStatus {
  const sum = (name: 'events' | 'calls' | 'waiting') => all.reduce((total, one) => total + one[name], 0);
  return {
    isHealthy: all.length > 0 && all.every(({ isHealthy }) => isHealthy),
    lagSeconds: Math.max(0, ...all.map(({ lagSeconds }) => lagSeconds)),
    ...{ events: sum('events'), calls: sum('calls'), waiting: sum('waiting') },
  };
}
