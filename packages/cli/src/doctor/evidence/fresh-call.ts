import { lookup } from 'node:dns/promises';
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isIP } from 'node:net';
import { toJsonObject } from 'keycloak-guard/unstable';

/** Number of calls to an address that may be several servers. Eight miss one of two servers once in 128. */
const TIMES = 8;
const MAX_BYTES = 1024 * 1024;

/**
 * Calls an address several times, each time with a new connection and the next IP address of its name, so that a load
 * balancer has to choose again. Leaves out answers that are not JSON.
 */
export async function callAfresh(
  url: string,
  timeoutMs: number,
): Promise<Readonly<Record<string, unknown>>[]> {
  const host = new URL(url).hostname.replace(/^\[|\]$/g, '');
  const addresses = isIP(host) ? [] : await lookup(host, { all: true }).catch(() => []);
  const answers: Readonly<Record<string, unknown>>[] = [];
  for (let count = 0; count < TIMES; count++) {
    const at = addresses[count % addresses.length];
    const answer = await get(url, timeoutMs, at).catch(() => undefined);
    if (answer !== undefined) answers.push(answer);
  }
  return answers;
}

type Address = { readonly address: string; readonly family: number };

function get(url: string, timeoutMs: number, at: Address | undefined) {
  const request = url.startsWith('https:') ? requestHttps : requestHttp;
  return new Promise<Readonly<Record<string, unknown>> | undefined>((resolve, reject) => {
    const going = request(
      url,
      {
        agent: false,
        signal: AbortSignal.timeout(timeoutMs),
        ...(at && {
          lookup: (_host, { all }, give) => (all ? give(null, [at]) : give(null, at.address, at.family)),
        }),
      },
      (answer) => {
        const parts: Buffer[] = [];
        let size = 0;
        answer.on('data', (part: Buffer) => {
          size += part.length;
          if (size > MAX_BYTES) answer.destroy(new Error('too much'));
          else parts.push(part);
        });
        answer.on('error', reject);
        answer.on('end', () =>
          resolve(answer.statusCode === 200 ? toJsonObject(Buffer.concat(parts).toString()) : undefined),
        );
      },
    );
    going.on('error', reject);
    going.end();
  });
}
