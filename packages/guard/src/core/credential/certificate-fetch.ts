import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Agent } from 'node:https';
import { AuthError } from '../http/errors.ts';
import { toHeaders } from '../http/request.ts';
import type { CredentialContext, CredentialOptions } from './credential.ts';
import { fileMaterial } from './file-material.ts';

type Files = Extract<CredentialOptions, { certificateFile: string }>;

/**
 * A `fetch` whose connections show a client certificate (RFC 8705 §2): the one of Node.js cannot. It sends strings and forms,
 * follows no redirects, and connects anew when one of the files changes.
 */
export function createCertificateFetch(
  { certificateFile, certificateKeyFile, authorityFile }: Files,
  context: CredentialContext,
): typeof fetch & { load(): Promise<unknown> } {
  const open = (what: string, path: string) =>
    fileMaterial({ what, path, parse: (text) => [readPem(text)] }, context);
  const certificates = open('client certificate', certificateFile);
  const keys = open('key of the client certificate', certificateKeyFile);
  const authorities =
    authorityFile === undefined ? undefined : open('file of certificate authorities', authorityFile);
  let current: { readonly agent: Agent; readonly of: string } | undefined;

  async function agentOf(): Promise<Agent> {
    const [[cert], [key], [ca]] = await Promise.all([
      certificates.candidates(),
      keys.candidates(),
      authorities?.candidates() ?? [undefined],
    ]);
    const of = JSON.stringify([cert, key, ca]);
    if (current?.of === of) return current.agent;
    const { Agent: HttpsAgent } = process.getBuiltinModule('node:https');
    const { createSecureContext } = process.getBuiltinModule('node:tls');
    try {
      createSecureContext({ cert, key, ca });
    } catch {
      // One of the two files is still the old one.
      if (current !== undefined) return current.agent;
      throw new AuthError(
        'provider_unavailable',
        `${certificateKeyFile} is not the key of ${certificateFile}`,
      );
    }
    // Calls on the connections of the old one go on.
    current = { agent: new HttpsAgent({ cert, key, ca, keepAlive: true }), of };
    return current.agent;
  }

  const send = async (input: string | URL | Request, init: RequestInit = {}): Promise<Response> => {
    // Loaded when they are needed: some runtimes have no such modules.
    const { request } = process.getBuiltinModule('node:https');
    const { method = 'GET', headers, body, signal } = init;
    const isForm = body instanceof URLSearchParams;
    const all = {
      ...(isForm && { 'content-type': 'application/x-www-form-urlencoded;charset=UTF-8' }),
      ...Object.fromEntries(new Headers(headers)),
    };
    const options = { method, headers: all, agent: await agentOf(), ...(signal && { signal }) };
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const sent: ClientRequest = request(new URL(String(input)), options, resolve);
      sent.on('error', (cause) => reject(new TypeError('fetch failed', { cause })));
      sent.end(isForm ? body.toString() : (body as string | undefined));
    });
    return toResponse(answer);
  };
  return Object.assign(send as typeof fetch, { load: agentOf });
}

function toResponse(answer: IncomingMessage): Response {
  const headers = toHeaders(answer);
  const status = answer.statusCode as number;
  if (status === 204 || status === 205 || status === 304) {
    answer.resume();
    return new Response(null, { status, headers });
  }
  if (status > 599) {
    answer.destroy();
    throw new TypeError('fetch failed', { cause: new Error(`No answer has the status ${status}`) });
  }
  // A stream: the reader bounds its length.
  return new Response(answer as unknown as ReadableStream, { status, headers });
}

function readPem(text: string): string {
  if (/-----END [^-]+-----\s*$/.test(text)) return text;
  throw new Error('it is not PEM, or not whole');
}
