import type * as call from './call.ts';
import type * as api from './call-api.ts';
import type * as grant from './grant.ts';

export type { Wire } from './call.ts';

/** See {@link call.callKeycloak}. */
export const callKeycloak: typeof call.callKeycloak = async (...given) =>
  (await import('./call.ts')).callKeycloak(...given);

/** See {@link grant.requestTokens}. */
export const requestTokens: typeof grant.requestTokens = async (...given) =>
  (await import('./grant.ts')).requestTokens(...given);

/** See {@link api.sendWithToken}. */
export const sendWithToken: typeof api.sendWithToken = async (...given) =>
  (await import('./call-api.ts')).sendWithToken(...given);
