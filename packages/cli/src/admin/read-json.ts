import { toJsonObject } from 'keycloak-guard/unstable';

const MAX_BYTES = 1024 * 1024;

/**
 * Reads an answer as a JSON object, up to 1 MiB: who answers may be anybody.
 *
 * @returns `undefined` if it is none
 * @throws {Error} if it is larger, or ends early
 */
export async function readJson(response: Response): Promise<Readonly<Record<string, unknown>> | undefined> {
  return toJsonObject(await readBody(response));
}

/**
 * Reads the whole body of an answer, up to 1 MiB.
 *
 * @throws {Error} if it is larger, or ends early
 */
export async function readBody(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength;
    if (bytes > MAX_BYTES) throw new Error('the answer is larger than 1 MiB');
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
