// What the rooms of this package share, and nobody else gets.
export { toBrowserEndpoints } from './browser-endpoints.ts';
export { callKeycloak, type Wire } from './call.ts';
export { toClient } from './client.ts';
export { type ClientContext, contextOfVerifier, createContext } from './context.ts';
export { requestTokens } from './grant.ts';
export { toAuthError } from './to-auth-error.ts';
