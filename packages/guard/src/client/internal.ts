// What the rooms of this package share, and nobody else gets.
export { toBrowserEndpoints } from './browser-endpoints.ts';
export { callKeycloak, type Wire } from './call.ts';
export { type ClientContext, createContext } from './context.ts';
export { requestTokens } from './grant.ts';
