import { type Answer, LONGEST_MESSAGE, toJsonAnswer } from '../../core/internal.ts';

// Checks the headers of a message from Keycloak before its body is read: anyone can send one.

/** Logout tokens are forms, the pushes of the admin URL are plain text. */
const TYPES: ReadonlySet<string> = new Set(['application/x-www-form-urlencoded', 'text/plain']);

/** The rest of the body is never read, so the connection cannot carry another request. */
const HEADERS = { 'cache-control': 'no-store', connection: 'close' } as const;

export const TOO_LONG: Answer = toJsonAnswer(413, HEADERS, { detail: 'Content Too Large' });
const WRONG_TYPE: Answer = toJsonAnswer(415, HEADERS, { detail: 'Unsupported Media Type' });

/** @returns the answer if the headers forbid to read the body, else `undefined` */
export function refuseMessage(contentType = '', contentLength = ''): Answer | undefined {
  const [type = ''] = contentType.split(';', 1);
  if (!TYPES.has(type.trim().toLowerCase())) return WRONG_TYPE;
  return Number(contentLength) > LONGEST_MESSAGE ? TOO_LONG : undefined;
}
