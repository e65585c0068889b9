// What the rooms of this package share, and nobody else gets. Nothing here loads oauth4webapi before a call is made.
export { toBrowserEndpoints } from './browser-endpoints.ts';
export { toClient } from './client.ts';
export { type ClientContext, contextOfVerifier, createContext } from './context.ts';
export { callKeycloak, requestTokens, type Wire } from './late-calls.ts';
export { toAuthError } from './to-auth-error.ts';
