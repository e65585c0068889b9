import { Agent, request } from 'node:https';
import type { TestCertificate } from '../../support/certificates.ts';

/**
 * `fetch` over TLS for clients with a certificate: Node's own takes none.
 *
 * @param trusted of whom a server may have its certificate
 * @param shown the client's certificate, where it has one
 */
export function createTlsFetch(trusted: TestCertificate, shown?: TestCertificate): typeof fetch {
  const mine = shown === undefined ? {} : { key: shown.key, cert: shown.cert };
  // No session is taken up again: each handshake shows the certificate.
  const agent = new Agent({ ca: trusted.cert, ...mine, maxCachedSessions: 0 });
  return (input, init = {}) =>
    new Promise((resolve, reject) => {
      const { method = 'GET', body } = init;
      const headers = Object.fromEntries(new Headers(init.headers));
      if (body instanceof URLSearchParams) headers['content-type'] ??= 'application/x-www-form-urlencoded';
      const sent = request(String(input), { method, headers, agent }, async (answer) => {
        try {
          const chunks: Buffer[] = [];
          for await (const chunk of answer) chunks.push(chunk as Buffer);
          const received = new Headers();
          for (let i = 0; i < answer.rawHeaders.length; i += 2) {
            received.append(answer.rawHeaders[i] as string, answer.rawHeaders[i + 1] as string);
          }
          const status = answer.statusCode as number;
          const isEmpty = status === 204 || status === 304;
          resolve(new Response(isEmpty ? null : Buffer.concat(chunks), { status, headers: received }));
        } catch (error) {
          reject(error);
        }
      });
      sent.on('error', reject);
      sent.end(body?.toString());
    });
}
