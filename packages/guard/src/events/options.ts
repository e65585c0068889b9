import { OptionsError, type Verifier } from '../core/index.ts';
import { type Filled, fillOptions, type OptionRules, optionRules, partsOf } from '../core/internal.ts';
import type { CursorStore } from './cursor.ts';

/** Options of `events`. */
export interface EventsOptions {
  /** Pause between two looks at Keycloak's lists of events. Unit: milliseconds, 200 to 10,000. Default 1,000. */
  readonly pollMs?: number | undefined;
  /**
   * How old Keycloak's answer about a token may be while its events are read: for ends without an event, such as a session that was
   * idle for too long. Unit: seconds, 30 to 86,400. Default 1,800.
   */
  readonly recheckSeconds?: number | undefined;
  /**
   * Stores which changes of users the application has handled. Default: beside the revocations, so in Redis if they
   * are there, otherwise in the memory of this process.
   */
  readonly cursor?: CursorStore | undefined;
  /**
   * Most tenants that are followed at a time, where each has a realm of its own: those that are in use first. Tokens of the others are
   * checked as without events. 1 to 1,000. Default 20.
   */
  readonly maxFollowed?: number | undefined;
}

export const EVENTS_RULES = {
  pollMs: optionRules.whole(200, 10_000, 1_000),
  recheckSeconds: optionRules.whole(30, 86_400, 1_800),
  cursor: optionRules.having('a CursorStore', ['load', 'save'], "createFileCursor('./events.json')"),
  maxFollowed: optionRules.whole(1, 1_000, 20),
} satisfies OptionRules<EventsOptions>;

type Resolved = Filled<EventsOptions, typeof EVENTS_RULES>;

/** @throws {OptionsError} naming every option that is wrong or unknown */
export const fillEvents = (options: EventsOptions): Resolved => fillOptions('events', options, EVENTS_RULES);

/** @throws {OptionsError} naming every option that is wrong or unknown, or if the client of the verifier cannot prove who it is */
export function resolveEvents(verifier: Verifier<object>, options: EventsOptions): Resolved {
  const filled = fillEvents(options);
  const kind = partsOf(verifier)?.credential.kind ?? 'none';
  if (kind !== 'none') return filled;
  const rule = `must be an option of the guard, so that ${verifier.clientId} can read events in its own name`;
  throw new OptionsError('events', [
    {
      option: 'credential',
      rule,
      example: "{ tokenFile: '/var/run/secrets/keycloak/token' }, or clientSecret",
    },
  ]);
}
