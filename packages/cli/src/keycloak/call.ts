import { toJsonObject } from 'keycloak-guard/unstable';
import { readBody, toFailure } from '../admin/internal.ts';

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

export function toForm(fields: Record<string, string | undefined>): RequestInit {
  const body = new URLSearchParams();
  for (const [name, value] of Object.entries(fields)) if (value !== undefined) body.set(name, value);
  return { method: 'POST', body };
}

/** The words of an HTML page, on one line. Each character is read a few times at most: the server that sent it may be anybody's. */
export function toPageText(html: string): string {
  return html
    .slice(Math.max(html.search(/<body/i), 0))
    .replace(/<(script|style)\b[\s\S]*?(<\/\1[^<>]*>|$)/gi, ' ')
    .replace(/<[^<>]*>/g, ' ')
    .replace(/&#39;|&apos;/g, "'")
    .replace(/&quot;/g, '"')
    .replace(/&amp;/g, '&')
    .replace(/\s+/g, ' ')
    .trim();
}

/** A short description of an answer, with Keycloak's own text if there is any. */
export function toWords(answer: Answer): string {
  if (answer.status === 0) return answer.failure ?? 'no answer';
  const { json, headers } = answer;
  const challenge = headers.get('www-authenticate');
  const location = headers.get('location');
  if (typeof json?.error === 'string') {
    const description = typeof json.error_description === 'string' ? `: ${json.error_description}` : '';
    return `HTTP ${answer.status} ${json.error}${description}`;
  }
  if (challenge) return `HTTP ${answer.status} ${challenge}`;
  if (location) return `HTTP ${answer.status} to ${location.split('?')[0]}`;
  return `HTTP ${answer.status} ${toExcerpt(answer.text)}`.trim();
}

/** As many words of an answer as a person reads. */
export function toExcerpt(text: string): string {
  return (text.includes('<') ? toPageText(text) : text).slice(0, 160).trim();
}

/**
 * Whether something in front of Keycloak wrote a refusal, or a page in place of JSON. Keycloak explains itself in JSON or in a
 * Bearer challenge, and sets its security headers on every page. An answer with neither is not Keycloak's.
 */
export function isStranger({ status, json, headers, text }: Answer): boolean {
  if (status === 0 || (status < 300 && !/^\s*</.test(text))) return false;
  if (typeof (json?.error ?? json?.errorMessage) === 'string' || Array.isArray(json?.errors)) return false;
  if (/^(bearer|dpop)\b/i.test(headers.get('www-authenticate') ?? '')) return false;
  // A realm may omit some of them.
  const marks = [
    headers.get('x-content-type-options') === 'nosniff',
    headers.get('referrer-policy') === 'no-referrer',
    headers.get('x-robots-tag') === 'none',
  ];
  const calledItself = headers.get('server') !== null || headers.get('via') !== null;
  const isKeycloakPage =
    /\bkc-[a-z]+|login-pf/.test(text) || /^(invalid origin|https required)$/i.test(text.trim());
  return !isKeycloakPage && (calledItself ? marks.filter(Boolean).length < 2 : !marks.includes(true));
}

/** Runs a function at the first call, and returns the same promise to every caller. */
export function memo<T>(make: () => Promise<T>): () => Promise<T> {
  let value: Promise<T> | undefined;
  return () => {
    value ??= make();
    return value;
  };
}
