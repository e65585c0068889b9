import type { Policy } from '../model.ts';
import type { Question } from './subject.ts';

const PARTS = {
  dayMonth: (date: Date) => date.getDate(),
  month: (date: Date) => date.getMonth() + 1,
  year: (date: Date) => date.getFullYear(),
  hour: (date: Date) => date.getHours(),
  minute: (date: Date) => date.getMinutes(),
} as const;

/** Uses the process's time zone, as Keycloak does, and the provider's clock. Both ends of a span belong to it. */
export function isInTime({ config }: Policy, { context }: Question): boolean {
  // Keycloak counts whole seconds.
  const now = Math.floor(context.now / 1000) * 1000;
  if (config.nbf && !(now >= toTime(config.nbf))) return false;
  if (config.noa && !(now <= toTime(config.noa))) return false;
  const date = new Date(now);
  return Object.entries(PARTS).every(([name, read]) => {
    const start = config[name];
    if (!start) return true;
    const end = config[`${name}End`] || start;
    return read(date) >= Number(start) && read(date) <= Number(end);
  });
}

/** Reads `yyyy-MM-dd HH:mm:ss` or a day. Any other text grants nothing. */
function toTime(text: string): number {
  const parts = /^\s*(\d{4})-(\d{1,2})-(\d{1,2})(?: (\d{1,2}):(\d{1,2}):(\d{1,2}))?/.exec(text);
  if (parts === null) return Number.NaN;
  const [year = 0, month = 1, ...rest] = parts.slice(1).map((part) => Number(part ?? 0));
  return new Date(year, month - 1, ...rest).getTime();
}
