import { setTimeout as sleep } from 'node:timers/promises';
import { readChallenges } from '../http/challenge.ts';
import { AuthError, toSafeText } from '../http/errors.ts';
import { toJsonObject } from '../jwt/compact-jws.ts';
import { once } from '../runtime/cache.ts';

interface FetchJsonOptions {
  readonly fetch: typeof fetch;
  readonly timeoutMs: number;
  /** The name of the document, for messages. */
  readonly what: string;
  /** Parts of the request that messages must not show. */
  readonly secrets?: readonly string[];
  readonly init?: RequestInit;
}

/** Seen where Keycloak, and no proxy, says that it does not have the realm. */
export const NO_REALM = 'HTTP 404, no such realm';

/** Largest answer that is read. A JWKS of a hundred keys with certificates has about 300 KiB. */
const MAX_BYTES = 1024 * 1024;

/**
 * Calls Keycloak and reads a JSON object: bounded in time and size, no redirects followed.
 *
 * @throws {AuthError} `provider_unavailable` (no answer, 5xx, not JSON) or `provider_misconfigured` (other 4xx)
 */
export async function fetchJson(url: string, options: FetchJsonOptions): Promise<Record<string, unknown>> {
  const response = await fetchBounded(url, options);
  if (response.status >= 400 && response.status < 500 && response.status !== 429) {
    const error = toJsonObject(response.body)?.error;
    throw new AuthError('provider_misconfigured', `${url} answered ${response.status}`, {
      expected: options.what,
      seen: error === 'Realm does not exist' ? NO_REALM : `HTTP ${response.status}`,
    });
  }
  const value = response.status === 200 ? toJsonObject(response.body) : undefined;
  if (value === undefined) {
    throw new AuthError(
      'provider_unavailable',
      `${url} answered HTTP ${response.status}, not ${options.what}`,
      {
        expected: options.what,
        seen: `HTTP ${response.status}`,
      },
    );
  }
  return value;
}

/**
 * Belongs to every request of this library: Next.js keeps what `fetch` answers, in memory and on disk, where a page's settings
 * say so and the request does not. That would be tokens, and whether they are still good. Empty where a runtime knows no `cache`:
 * Cloudflare Workers with a compatibility date before November 2024 throw.
 */
export const notCached: () => Pick<RequestInit, 'cache'> = once(() => toNotCached());

/** @param Made the runtime's own; for tests another one */
export function toNotCached(Made: typeof Request = Request): Pick<RequestInit, 'cache'> {
  try {
    return new Made('http://localhost', { cache: 'no-store' }) && { cache: 'no-store' };
  } catch {
    return {};
  }
}

/**
 * Codes of a connection that was there and broke. Where no connection can be made, another try a moment later does not help.
 */
const BROKEN = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET']);
const RETRY_MS = 100;
const TIMED_OUT = 'timed out';

/**
 * Why no usable answer came. `unreachable`: no connection can be made. `late`: it takes too long. `cut`: it is too
 * large, or ends early. `unusable`: it is not the requested document. All but the first may be due to the question, see `Breaker`.
 */
export type FailureKind = 'unreachable' | 'late' | 'cut' | 'unusable';

const kinds = new WeakMap<object, FailureKind>();

/** The kind of an error of {@link fetchBounded}; `unusable` for any other. */
export function failureKindOf(error: object): FailureKind {
  return kinds.get(error) ?? 'unusable';
}

/**
 * The kind of an answer that is of no use: a 5xx without JSON is that of a proxy with no Keycloak behind it. 504 is its
 * word for late.
 */
export function failureKindOfAnswer({ status, body }: BoundedResponse): FailureKind {
  if (status === 504) return 'late';
  return status >= 500 && toJsonObject(body) === undefined ? 'unreachable' : 'unusable';
}

/** Marks an error with the kind of the answer that it is about. */
export function markFailure<E extends object>(error: E, kind: FailureKind): E {
  kinds.set(error, kind);
  return error;
}

/** An answer of Keycloak, read whole. */
export interface BoundedResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

/**
 * Calls Keycloak and reads the whole body, bounded in time and size. Tries once more when the connection breaks, as an idle
 * one does when Keycloak restarts or a proxy closes it: a second call does no harm, because none of them changes anything.
 *
 * @throws {AuthError} `provider_unavailable` without a complete answer
 */
export async function fetchBounded(url: string, options: FetchJsonOptions): Promise<BoundedResponse> {
  let kind: FailureKind = 'unreachable';
  try {
    const signal = AbortSignal.timeout(options.timeoutMs);
    // In some runtimes `fetch` must not be called as a method.
    const { fetch } = options;
    const call = async (): Promise<BoundedResponse> => {
      kind = 'unreachable';
      const response = await fetch(url, { ...options.init, ...notCached(), redirect: 'manual', signal });
      kind = 'cut';
      return { status: response.status, headers: response.headers, body: await readBody(response) };
    };
    return await call().catch(async (error: unknown) => {
      if (!BROKEN.has(toReason(error))) throw error;
      // So that the replicas do not all try at the same moment.
      await sleep(RETRY_MS * (0.5 + Math.random()), undefined, { signal });
      return call();
    });
  } catch (error) {
    const reason = toReason(error);
    const seen = toSafeText(reason, options.secrets);
    const failure = new AuthError('provider_unavailable', `${url} gave no answer: ${seen}`, {
      expected: options.what,
      seen,
    });
    if (reason === TIMED_OUT) kind = 'late';
    if (BROKEN.has(reason)) kind = 'cut';
    throw markFailure(failure, kind);
  }
}

/**
 * Reads the whole body of an answer, up to 1 MiB.
 *
 * @throws {Error} when it is larger, or ends early
 */
export async function readBody(response: Response): Promise<string> {
  if (response.body === null) return '';
  // HTTP holds it to what it says, and nothing is unpacked: then it can be read at once, for two thirds of the cost.
  const said = response.headers.get('content-length');
  const isPlain = response.headers.get('content-encoding') === null;
  if (said !== null && isPlain && Number(said) <= MAX_BYTES) return response.text();
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength;
    if (bytes > MAX_BYTES) throw new Error(`the answer is larger than ${MAX_BYTES} bytes`);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

/**
 * Why a `fetch` failed. `fetch failed` says nothing: the code is in `cause`, and in its `errors` where several addresses were
 * tried.
 */
export function toFailureCode(error: Error): string | undefined {
  if (error.name === 'TimeoutError' || error.name === 'AbortError') return TIMED_OUT;
  const cause = error.cause as { code?: string; errors?: { code?: string }[] } | undefined;
  return cause?.code ?? cause?.errors?.[0]?.code;
}

function toReason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return toFailureCode(error) ?? (error.cause as Partial<Error> | undefined)?.message ?? error.message;
}

/** Keycloak's explanation of a refusal. */
export interface ProviderRefusal {
  /** OAuth error code, for example `invalid_token`. */
  readonly error: string | undefined;
  readonly description: string | undefined;
}

/**
 * Reads why Keycloak refused a token or a client, in its own words: a challenge for bearer tokens (RFC 6750
 * §3), or a JSON object with an `error` (RFC 6749 §5.2). `undefined` without either: then it is the answer of a proxy, or a
 * foreign page, and says nothing about the token.
 */
export function readRefusal(response: BoundedResponse): ProviderRefusal | undefined {
  const challenges = readChallenges(response.headers.get('www-authenticate') ?? '').filter(({ scheme }) =>
    SCHEMES.has(scheme),
  );
  const withError = challenges.find(({ error }) => error !== undefined);
  if (withError !== undefined) return { error: withError.error, description: withError.description };
  const { error, error_description: description } = toJsonObject(response.body) ?? {};
  if (typeof error === 'string') {
    return { error, description: typeof description === 'string' ? description : undefined };
  }
  const explained = challenges.find((challenge) => challenge.description !== undefined);
  return explained && { error: undefined, description: explained.description };
}

/** Keycloak names both where it takes tokens of both kinds (RFC 9449 §7.2). */
const SCHEMES = new Set(['bearer', 'dpop']);

/**
 * For people: the status, and Keycloak's own explanation if there is one. Nothing else of an answer is repeated, for
 * a page of a proxy may show the request.
 *
 * @param secrets those in the request
 */
export function describeAnswer(response: BoundedResponse, secrets: readonly string[]): string {
  const refusal = readRefusal(response);
  if (refusal === undefined) return `HTTP ${response.status}`;
  const safe = (text: string | undefined) => text && toSafeText(text, secrets);
  const { error, description } = refusal;
  return `HTTP ${response.status} ${JSON.stringify({ error: safe(error), error_description: safe(description) })}`;
}
