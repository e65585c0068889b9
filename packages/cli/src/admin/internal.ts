// Loads no client of the Admin API: for calls that need none.

const MAX_BYTES = 1024 * 1024;

/**
 * Reads the whole body of an answer, up to 1 MiB: who answers may be anybody.
 *
 * @throws {Error} if it is larger, or ends early
 */
export async function readBody({ body }: Pick<Response, 'body'>): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  for await (const chunk of body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > MAX_BYTES) throw new Error('the answer is larger than 1 MiB');
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
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
