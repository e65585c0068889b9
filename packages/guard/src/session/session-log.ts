import { createNoticeLines } from '../core/internal.ts';
import type { SessionLog, SessionRequest } from './request.ts';

/** Where what happens to a request is logged. */
export function logOf(request: SessionRequest): SessionLog {
  return request.log ?? STANDARD_ERROR;
}

const STANDARD_ERROR: SessionLog = {
  info() {},
  warn: (fields, message) => say('warn', fields, message),
  error: (fields, message) => say('error', fields, message),
};

function say(level: 'warn' | 'error', fields: object, message: string): void {
  const { code, id, fix } = fields as { code?: string; id?: string; fix?: string };
  createNoticeLines('browser sessions')({ level, code: code ?? id ?? 'session', message, fix });
}
