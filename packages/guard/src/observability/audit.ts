import { OptionsError } from '../core/index.ts';
import type { EventSource, Observer, SecurityEvent } from '../core/internal.ts';

export type { EventSource, Observer, SecurityEvent } from '../core/internal.ts';

/** Options of {@link audit}. */
export interface AuditOptions {
  /**
   * More fields for the line of an event that belongs to a request, for example its route. Paths and queries are not in the line
   * by themselves, because people put tokens there. Default: none.
   */
  readonly more?: ((source: EventSource) => Readonly<Record<string, unknown>>) | undefined;
}

/** An audit log. */
export interface AuditLog extends Observer {
  event(event: SecurityEvent, source: EventSource | null): void;
  /** Writes how many lines were left out last. */
  close(): void;
}

/** How many lines a second are written of what anybody can cause for nothing; the rest are counted. */
const FREE_LINES = 100;
const WINDOW_MS = 1_000;
/** Bounds user names, which anyone can type. Unit: characters. */
const MAX_TEXT = 128;

/** Keycloak checked these, so their rate is bounded. None is left out. */
const NEVER_LEFT_OUT = new Set(['ok', 'wrong_credentials', 'account_disabled', 'account_not_ready']);

/**
 * An audit log: a line at level `info` for everyone who got access, was refused, or lost access. `event` and `outcome` say what
 * happened, `user`, `sub` and `sid` who it was, and `through` who acted in the name of the user. No line contains a token, a
 * cookie or a secret, nor a claim whose signature was not checked.
 *
 * @param log pino's loggers and `console` fit
 * @throws {OptionsError} without a logger
 * @example
 * const observers = [audit(logger.child({ name: 'audit' }))];
 * const kc = keycloak({ serverUrl: 'http://localhost:8080', realm: 'testing', clientId: 'my-api', observers });
 */
export function audit(
  log: { info(fields: object, message: string): unknown },
  { more = () => ({}) }: AuditOptions = {},
): AuditLog {
  // The errors of observers are dropped: the lines would be missing without a word.
  if (typeof log?.info !== 'function')
    throw new OptionsError('audit', [{ option: 'log', rule: 'must be a logger', example: 'pino()' }]);
  let written = 0;
  let leftOut = 0;
  let timer: NodeJS.Timeout | undefined;

  function endWindow(): void {
    clearTimeout(timer);
    timer = undefined;
    if (leftOut > 0) log.info({ event: 'left_out', count: leftOut }, 'audit');
    written = 0;
    leftOut = 0;
  }

  function isTooMany(): boolean {
    timer ??= setTimeout(endWindow, WINDOW_MS);
    // A number where there is no Node.
    timer.unref?.();
    if (written++ < FREE_LINES) return false;
    leftOut++;
    return true;
  }

  /** A line without them is better than none. */
  function toMore(source: EventSource): object {
    try {
      return more(source);
    } catch {
      return { more: 'failed' };
    }
  }

  function toLine({ event, outcome, by, ...who }: SecurityEvent, source: EventSource | null): object {
    return {
      event,
      outcome,
      by,
      tenant: toShort(who.tenant),
      user: toShort(who.user),
      through: toShort(who.through),
      sub: toShort(who.subject),
      sid: toShort(who.sessionId),
      ...who.more,
      ...(source && { method: source.method, address: source.address, reqId: source.id, ...toMore(source) }),
    };
  }

  return {
    event(event, source) {
      const isFree = event.event !== 'session_end' && !NEVER_LEFT_OUT.has(event.outcome);
      if (!isFree || !isTooMany()) log.info(toLine(event, source), 'audit');
    },
    close: endWindow,
  };
}

function toShort(text: string | null | undefined): string | undefined {
  if (typeof text !== 'string') return undefined;
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text;
}
