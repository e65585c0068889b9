import { type ClientHttp2Session, connect } from 'node:http2';

/** `fetch` over HTTP/2 without TLS, for one server: what Node's own cannot do. */
export function createHttp2Fetch(origin: string): { readonly fetch: typeof fetch; close(): void } {
  let session: ClientHttp2Session | undefined;
  const sessionOf = (): ClientHttp2Session => {
    if (session === undefined || session.closed || session.destroyed) {
      session = connect(origin);
      session.on('error', () => {});
    }
    return session;
  };

  const http2Fetch = async (input: string | URL | Request, init: RequestInit = {}): Promise<Response> => {
    const { pathname, search } = new URL(input as string);
    const method = init.method ?? 'GET';
    const stream = sessionOf().request({
      ...Object.fromEntries(new Headers(init.headers)),
      ':path': `${pathname}${search}`,
      ':method': method,
    });
    init.signal?.addEventListener('abort', () => stream.destroy(init.signal?.reason), { once: true });
    stream.end(init.body ?? undefined);
    return new Promise((resolve, reject) => {
      stream.once('error', reject);
      stream.once('close', () => reject(new Error('The stream ended without an answer')));
      stream.once('response', (head) => {
        const headers = new Headers();
        for (const [name, value] of Object.entries(head)) {
          if (name.startsWith(':')) continue;
          for (const one of [value ?? []].flat()) headers.append(name, String(one));
        }
        const status = Number(head[':status']);
        const hasBody = method !== 'HEAD' && ![204, 303, 304].includes(status);
        const body = new ReadableStream<Uint8Array>({
          start(controller) {
            stream.on('data', (chunk: Buffer) => controller.enqueue(chunk));
            stream.once('end', () => !stream.destroyed && controller.close());
            stream.once('error', (error) => controller.error(error));
          },
        });
        resolve(new Response(hasBody ? body : null, { status, headers }));
      });
    });
  };
  return { fetch: http2Fetch as typeof fetch, close: () => session?.destroy() };
}
