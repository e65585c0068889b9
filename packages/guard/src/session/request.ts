import type { RequestLike } from '../core/index.ts';
import { createStandardErrorLog, type Log, parameterIn } from '../core/internal.ts';

/** The part of a request that sessions need, in any framework. */
export interface SessionRequest<Source = unknown> extends RequestLike {
  readonly method: string | undefined;
  /** The unchanged URL with path and query: Node's `request.url`, or Fetch's, which includes the origin. */
  readonly url: string;
  /**
   * Scheme, host and port that the browser used. Read without `publicUrl`. Default: those of `url`, where
   * it has them.
   */
  readonly origin?: string | undefined;
  /** Stands as `reqId` in the lines of the log. */
  readonly id?: unknown;
  /** Default: problems are written to stderr. */
  readonly log?: Log | undefined;
  /** The framework's own request, for `onEvent`. */
  readonly source?: Source | undefined;
}

/** Empty, or with a `?` in front. */
export function queryOf(url: string): string {
  const [beforeFragment = ''] = url.split('#', 1);
  const at = beforeFragment.indexOf('?');
  return at === -1 ? '' : beforeFragment.slice(at);
}

/** A parameter that comes twice counts as not there. */
export function parameterOf(url: string, name: string): string | undefined {
  return parameterIn(queryOf(url).slice(1), name);
}

/** Where what happens to a request is logged. */
export function logOf(request: SessionRequest): Log {
  return request.log ?? STANDARD_ERROR;
}

const STANDARD_ERROR = createStandardErrorLog('browser sessions');
