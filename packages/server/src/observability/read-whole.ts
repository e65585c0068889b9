/** Largest answer of Keycloak that is read. */
const MAX_BYTES = 1024 * 1024;

/**
 * Reads an answer to its end, up to 1 MiB.
 *
 * @throws {Error} when it is larger, or ends early
 */
export async function readWhole(answer: Response): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of (answer.body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength;
    if (bytes > MAX_BYTES) throw new Error(`the answer is larger than ${MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
