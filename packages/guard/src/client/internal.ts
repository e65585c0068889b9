// Shared by the rooms of this package only. Nothing here loads oauth4webapi before the first call.
export { toBrowserEndpoints } from './browser-endpoints.ts';
export { toClient } from './client.ts';
export { type ClientContext, contextOfVerifier, createContext } from './context.ts';
export { createDpopKey, type DpopKey, isBound } from './dpop.ts';
export { callKeycloak, requestTokens, sendWithToken, type Wire } from './late-calls.ts';
export { toAuthError } from './to-auth-error.ts';
