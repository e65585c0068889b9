// Shared by the rooms of this package only.

export { NOBODY } from './authenticator.ts';
export { decodeCookie, readCookie } from './cookies.ts';
export { createEndings, type Endings } from './endings.ts';
export { resolveSessionOptions } from './options.ts';
export { isPageRequest } from './page-request.ts';
export { toReturnPath } from './return-path.ts';
export { assertSameOrigin, isHarmless } from './same-origin.ts';
export { buildSessions, toPaths } from './sessions.ts';
export { toSetCookie } from './set-cookie.ts';
export { toTenantOptions } from './tenant-options.ts';
