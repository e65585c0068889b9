import { toJsonObject } from 'keycloak-guard/unstable';
import { readBody } from '../admin/internal.ts';

/** The answer to one HTTP call, or why there was none. Never an exception: the doctor examines failures too. */
export interface Answer {
  readonly url: string;
  /** HTTP status; 0 when there was no answer. */
  readonly status: number;
  /** Why there was no answer: an error code such as `ECONNREFUSED`, or `timed out`. */
  readonly failure?: string | undefined;
  /** The error's own words, beside the code. */
  readonly failureText?: string | undefined;
  readonly headers: Headers;
  readonly text: string;
  /** The body, if it is a JSON object. */
  readonly json?: Readonly<Record<string, unknown>> | undefined;
  /** From the call to the end of the answer. Unit: milliseconds. */
  readonly tookMs: number;
  /** When the answer began to arrive. Unit: milliseconds since 1970. */
  readonly arrivedAt: number;
}

/** Calls an address; no redirect is followed, and no answer of more than 1 MiB is taken. Never rejects. */
export async function call(url: string, init: RequestInit, timeoutMs: number): Promise<Answer> {
  const start = performance.now();
  try {
    const signal = AbortSignal.timeout(timeoutMs);
    const response = await fetch(url, { ...init, redirect: 'manual', signal });
    const arrivedAt = Date.now();
    const text = await readBody(response);
    return {
      url,
      status: response.status,
      headers: response.headers,
      text,
      json: toJsonObject(text),
      tookMs: performance.now() - start,
      arrivedAt,
    };
  } catch (error) {
    return toNoAnswer(url, error, performance.now() - start);
  }
}

/** For a call that got no answer, or that could not be sent. */
export function toNoAnswer(url: string, error: unknown, tookMs = 0): Answer {
  return {
    url,
    status: 0,
    ...toFailure(error),
    headers: new Headers(),
    text: '',
    tookMs,
    arrivedAt: Date.now(),
  };
}

/** The body of a form. */
export function toForm(fields: Record<string, string | undefined>): RequestInit {
  const body = new URLSearchParams();
  for (const [name, value] of Object.entries(fields)) if (value !== undefined) body.set(name, value);
  return { method: 'POST', body };
}

/** `fetch failed` says nothing: the reason is in `cause`, and in its `errors` where several addresses were tried. */
export function toFailure(error: unknown): { failure: string; failureText: string } {
  if (!(error instanceof Error)) return { failure: 'failed', failureText: String(error) };
  if (error.name === 'TimeoutError') return { failure: 'timed out', failureText: error.message };
  const cause = error.cause as
    | { code?: string; message?: string; errors?: { code?: string; message?: string }[] }
    | undefined;
  const inner = cause?.errors?.[0];
  return {
    failure: cause?.code ?? inner?.code ?? cause?.message ?? error.message,
    failureText: inner?.message ?? cause?.message ?? error.message,
  };
}
