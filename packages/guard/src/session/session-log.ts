import { createStandardErrorLog, type Log } from '../core/internal.ts';
import type { SessionRequest } from './request.ts';

/** Where what happens to a request is logged. */
export function logOf(request: SessionRequest): Log {
  return request.log ?? STANDARD_ERROR;
}

const STANDARD_ERROR = createStandardErrorLog('browser sessions');
