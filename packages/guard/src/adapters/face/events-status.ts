import type { EventsStatus } from '../../events/index.ts';

const SILENT: EventsStatus = {
  ...{ isHealthy: false, isReader: false, lagSeconds: 0 },
  ...{ events: 0, calls: 0, waiting: 0 },
};

/** Of several realms. */
export function sumEvents(all: readonly EventsStatus[]): EventsStatus {
  return all.reduce<EventsStatus>(
    (total, one) => ({
      isHealthy: total.isHealthy && one.isHealthy,
      isReader: total.isReader || one.isReader,
      lagSeconds: Math.max(total.lagSeconds, one.lagSeconds),
      events: total.events + one.events,
      calls: total.calls + one.calls,
      waiting: total.waiting + one.waiting,
    }),
    { ...SILENT, isHealthy: all.length > 0 },
  );
}
