import type * as call from './call.ts';
import type * as api from './call-api.ts';
import type * as grant from './grants.ts';

export type { OAuthApi } from './call.ts';

/** See {@link call.callKeycloak}. */
export const callKeycloak: typeof call.callKeycloak = async (...args) =>
  (await import('./call.ts')).callKeycloak(...args);

/** See {@link grant.requestTokens}. */
export const requestTokens: typeof grant.requestTokens = async (...args) =>
  (await import('./grants.ts')).requestTokens(...args);

/** See {@link api.sendWithToken}. */
export const sendWithToken: typeof api.sendWithToken = async (...args) =>
  (await import('./call-api.ts')).sendWithToken(...args);
