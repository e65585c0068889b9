import { fetchWith, notCached, readBody, toFailureCode, toJsonObject } from '../core/internal.ts';
import type { ClientContext } from './context.ts';
import type { TokenAnswer } from './errors.ts';

/** The `fetch` of oauth4webapi, and of verbs that it does not know. */
interface SentRequest {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: URLSearchParams | undefined;
  readonly redirect?: 'manual';
  readonly signal?: AbortSignal | undefined;
}

export type RecordingFetch = ReturnType<typeof createRecordingFetch>;

/** An answer that was read whole. */
interface ReadResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

/**
 * A fetch that reads the whole answer, bounded in size, and records it, for an error of oauth4webapi
 * alone does not tell a proxy's page from Keycloak's refusal.
 */
export function createRecordingFetch(
  { fetch: plain, credential, issuer }: Pick<ClientContext, 'fetch' | 'credential' | 'issuer'>,
  clientIp: string | undefined,
) {
  let answer: TokenAnswer = { status: 0 };

  async function send(url: string, request: SentRequest): Promise<ReadResponse> {
    const { body, method = 'GET', headers = {}, redirect = 'manual', signal } = request;
    answer = { status: 0, url };
    // In some runtimes `fetch` must not be called as a method.
    const fetch = fetchWith(credential, plain);
    try {
      const response = await fetch(url, {
        ...notCached(),
        method,
        redirect,
        ...(body === undefined ? {} : { body }),
        ...(signal === undefined ? {} : { signal }),
        headers: clientIp === undefined ? headers : { ...headers, 'x-forwarded-for': clientIp },
      });
      const text = await readBody(response);
      answer = toAnswer(url, response, text);
      return { status: response.status, headers: response.headers, body: text };
    } catch (error) {
      answer = { status: 0, url, failure: toFailure(error) };
      throw error;
    }
  }

  return {
    /** The answer, as far as it says why a call failed. */
    answer: (): TokenAnswer => answer,
    fetch: async (url: string, request: SentRequest): Promise<Response> =>
      toResponse(await send(url, request)),
    /** The same for a form, with this client's authentication. */
    authenticated: async (url: string, request: SentRequest): Promise<Response> =>
      toResponse(
        await credential.authenticate(issuer, ({ headers, fields }) => {
          const body = new URLSearchParams(request.body);
          for (const [name, value] of Object.entries(fields)) body.set(name, value);
          return send(url, { ...request, headers: { ...request.headers, ...headers }, body });
        }),
      ),
  };
}

function toResponse({ status, headers, body }: ReadResponse): Response {
  return new Response(status === 204 || status === 304 ? null : body, { status, headers });
}

/** One GET, for its answer alone. Never rejects. */
export async function probe(
  context: Pick<ClientContext, 'fetch' | 'timeoutMs' | 'credential' | 'issuer'>,
  url: string,
): Promise<TokenAnswer> {
  const recorder = createRecordingFetch(context, undefined);
  const signal = AbortSignal.timeout(context.timeoutMs);
  await recorder.fetch(url, { signal }).catch(() => {});
  return recorder.answer();
}

function toAnswer(url: string, response: Response, text: string): TokenAnswer {
  const body = toJsonObject(text);
  const location = response.headers.get('location');
  return {
    status: response.status,
    url,
    isJson: body !== undefined,
    error: toText(body?.error) ?? (body === undefined ? knownText(text) : undefined),
    description: toText(body?.error_description),
    location: location === null ? undefined : toOrigin(location, url),
  };
}

/** Some of Keycloak's refusals are plain text. No other text is taken over: a page could repeat the request. */
function knownText(text: string): string | undefined {
  return /Invalid origin|HTTPS required|Realm does not exist|Realm not enabled/i.exec(text)?.[0];
}

function toText(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** The path of a redirect may hold anything: its origin is enough to correct the setting. */
function toOrigin(location: string, base: string): string {
  return URL.canParse(location, base) ? new URL(location, base).origin : 'an address that is not valid';
}

function toFailure(error: unknown): string {
  if (!(error instanceof Error)) return 'failed';
  return toFailureCode(error) ?? (error.cause === undefined ? error.message : 'failed');
}
