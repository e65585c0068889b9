import type { FastifyRequest } from 'fastify';
import type { Logger } from '../log/logger.ts';
import { addressOf } from '../services/addresses.ts';
import type { Report, SecurityEvent } from './security-events.ts';

/** One line for each user who got access, was refused, or lost access. */
export interface AuditLog {
  readonly report: Report;
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

/** Its lines have `"name":"audit"`, and come at every `LOG_LEVEL`. */
export function createAuditLog(logger: Logger): AuditLog {
  const lines = logger.child({ name: 'audit' }, { level: 'info' });
  let written = 0;
  let leftOut = 0;
  let timer: NodeJS.Timeout | undefined;

  function endWindow(): void {
    clearTimeout(timer);
    timer = undefined;
    if (leftOut > 0) lines.info({ event: 'left_out', count: leftOut }, 'audit');
    written = 0;
    leftOut = 0;
  }

  function isTooMany(): boolean {
    timer ??= setTimeout(endWindow, WINDOW_MS).unref();
    if (written++ < FREE_LINES) return false;
    leftOut++;
    return true;
  }

  return {
    report(request, event) {
      const isFree = event.event !== 'session_end' && !NEVER_LEFT_OUT.has(event.outcome);
      if (!isFree || !isTooMany()) lines.info(toLine(request, event), 'audit');
    },
    close: endWindow,
  };
}

function toLine(request: FastifyRequest | null, { event, outcome, by, more, ...who }: SecurityEvent) {
  return {
    event,
    outcome,
    by,
    user: toShort(who.user),
    sub: toShort(who.subject),
    sid: toShort(who.sessionId),
    ...more,
    ...(request === null
      ? {}
      : {
          method: request.method,
          route: request.routeOptions.url,
          address: addressOf(request.ip),
          reqId: request.id,
        }),
  };
}

function toShort(text: string | null | undefined): string | undefined {
  if (typeof text !== 'string') return undefined;
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text;
}
