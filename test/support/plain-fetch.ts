import { request } from 'node:http';

/** `fetch` without what Node's own adds by itself: `Sec-Fetch-Mode: cors`, which no page is asked for with. */
export const plainFetch: typeof fetch = (input, init = {}) =>
  new Promise((resolve, reject) => {
    const body = init.body?.toString() ?? '';
    const headers = Object.fromEntries(new Headers(init.headers));
    if (init.body instanceof URLSearchParams) headers['content-type'] = 'application/x-www-form-urlencoded';
    if (init.method === 'POST') headers['content-length'] = String(Buffer.byteLength(body));
    const sent = request(input as string, { method: init.method ?? 'GET', headers }, async (answer) => {
      try {
        const chunks: Buffer[] = [];
        for await (const chunk of answer) chunks.push(chunk);
        const received = new Headers();
        for (let i = 0; i < answer.rawHeaders.length; i += 2) {
          received.append(answer.rawHeaders[i] as string, answer.rawHeaders[i + 1] as string);
        }
        const status = answer.statusCode as number;
        resolve(new Response(status === 204 ? null : Buffer.concat(chunks), { status, headers: received }));
      } catch (error) {
        reject(error);
      }
    });
    sent.on('error', reject);
    sent.end(body);
  });
