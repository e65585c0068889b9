// Shared by the rooms of this package only.
export { decodeCookie, readCookie } from './cookies.ts';
export { resolveSessionOptions } from './options.ts';
export { toReturnPath } from './return-path.ts';
export { assertSameOrigin, isHarmless } from './same-origin.ts';
export { buildSessions } from './sessions.ts';
export { toSetCookie } from './set-cookie.ts';
