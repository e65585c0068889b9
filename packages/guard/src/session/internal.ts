// Shared by the rooms of this package only.

export { decodeCookie, readCookie, toSetCookie } from './cookie/cookies.ts';
export { toRefusalPage } from './http/answer.ts';
export { assertSameOrigin, isHarmless, isPageRequest, toReturnPath } from './http/request.ts';
export { NOBODY } from './login/authenticator.ts';
export { createEndings, type Endings } from './record/endings.ts';
export { resolveSessionOptions, toTenantOptions } from './resolved-options.ts';
export { buildSessions } from './sessions.ts';
