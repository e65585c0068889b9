import { type Answer, LONGEST_MESSAGE, toJsonAnswer } from '../../core/internal.ts';

// What a message from Keycloak may look like, checked before a byte of it is read. Anybody can send one.

/** Logout tokens come as forms, the pushes of the admin URL as text. */
const TYPES: ReadonlySet<string> = new Set(['application/x-www-form-urlencoded', 'text/plain']);

/** The rest of the body is never read, so no other request may come after it. */
const HEADERS = { 'cache-control': 'no-store', connection: 'close' } as const;

export const TOO_LONG: Answer = toJsonAnswer(413, HEADERS, { detail: 'Content Too Large' });
const WRONG_TYPE: Answer = toJsonAnswer(415, HEADERS, { detail: 'Unsupported Media Type' });

/** @returns the answer where the headers are reason enough not to read the body; else `undefined` */
export function refuseMessage(contentType = '', contentLength = ''): Answer | undefined {
  const [type = ''] = contentType.split(';', 1);
  if (!TYPES.has(type.trim().toLowerCase())) return WRONG_TYPE;
  return Number(contentLength) > LONGEST_MESSAGE ? TOO_LONG : undefined;
}
