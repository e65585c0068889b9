/** Most bytes read of a document. */
const LONGEST = 5_000;
const TIMEOUT_MS = 5_000;

/** A document, and how long it may be cached. */
export interface Fetched {
  readonly text: string;
  /** Unit: seconds. */
  readonly maxAge: number;
}

/**
 * Fetches a URL that a stranger chose. Therefore it follows no redirect, reads at most 5,000 bytes, waits at most five seconds,
 * and reports no details of a failure.
 *
 * @returns `undefined` for anything but a short answer with status 200
 */
export async function fetchDocument(url: URL): Promise<Fetched | undefined> {
  if (url.protocol !== 'https:' && !isLoopback(url)) return undefined;
  try {
    const answer = await fetch(url, {
      redirect: 'error',
      credentials: 'omit',
      signal: AbortSignal.timeout(TIMEOUT_MS),
      headers: { accept: 'application/json' },
    });
    if (answer.status !== 200) {
      await answer.body?.cancel();
      return undefined;
    }
    const text = await readShort(answer);
    return text === undefined ? undefined : { text, maxAge: maxAgeOf(answer.headers.get('cache-control')) };
  } catch {
    return undefined;
  }
}

function isLoopback({ protocol, hostname }: URL): boolean {
  return protocol === 'http:' && ['127.0.0.1', 'localhost', '[::1]'].includes(hostname);
}

async function readShort({ body }: Response): Promise<string | undefined> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of (body ?? []) as AsyncIterable<Uint8Array>) {
    length += part.byteLength;
    // Returning ends the transfer.
    if (length > LONGEST) return undefined;
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

const SHORTEST_AGE = 300;
const LONGEST_AGE = 3 * 24 * 60 * 60;

/** RFC 9111 §5.2.2, within Keycloak's bounds. */
function maxAgeOf(header: string | null): number {
  const directives = (header ?? '').toLowerCase().replaceAll(/\s/g, '').split(',');
  if (directives.includes('no-cache') || directives.includes('no-store')) return SHORTEST_AGE;
  const seconds = ['s-maxage=', 'max-age=']
    .map((name) => directives.find((one) => one.startsWith(name))?.slice(name.length))
    .find((value) => value !== undefined && /^\d+$/.test(value));
  return Math.min(Math.max(Number(seconds ?? 0), SHORTEST_AGE), LONGEST_AGE);
}
