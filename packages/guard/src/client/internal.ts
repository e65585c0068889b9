// Shared by the rooms of this package only. Nothing here loads oauth4webapi before the first call.

export { toClient } from './client.ts';
export { type ClientContext, contextOfVerifier, createContext, toBrowserEndpoints } from './context.ts';
export { createDpopKey, type DpopKey, isBound } from './dpop.ts';
export { toAuthError } from './errors.ts';
export { callKeycloak, type OAuthApi, requestTokens, sendWithToken } from './late-calls.ts';
