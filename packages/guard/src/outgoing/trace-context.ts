/** Trace Context of the W3C, §3.2 and §3.3 */
const PARENT = /^[\da-f]{2}-[\da-f]{32}-[\da-f]{16}-[\da-f]{2}$/;
const STATE = /^[\x20-\x7e]{1,512}$/;

/**
 * The headers that add a call to the trace of its request. None if OpenTelemetry is set up here:
 * it adds its own.
 *
 * @param read reads a header of that request
 */
export function traceContextOf(read: (name: string) => string | undefined): Record<string, string> {
  const api = (globalThis as Record<symbol, unknown>)[Symbol.for('opentelemetry.js.api.1')];
  const parent = read('traceparent');
  if ((api as { propagation?: unknown } | undefined)?.propagation !== undefined) return {};
  if (parent === undefined || !PARENT.test(parent)) return {};
  const state = read('tracestate');
  return { traceparent: parent, ...(state !== undefined && STATE.test(state) ? { tracestate: state } : {}) };
}
