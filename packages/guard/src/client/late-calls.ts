import { once } from '../core/internal.ts';
import type * as call from './call.ts';
import type * as api from './call-api.ts';
import type * as grant from './grants.ts';

export type { OAuthApi } from './call.ts';

// Each import asks the loader again, which is another thread where one has hooks: as for tracing, or for TypeScript.
const loadCall = once(() => import('./call.ts'));
const loadGrants = once(() => import('./grants.ts'));
const loadApi = once(() => import('./call-api.ts'));

/** See {@link call.callKeycloak}. */
export const callKeycloak: typeof call.callKeycloak = async (...args) =>
  (await loadCall()).callKeycloak(...args);

/** See {@link grant.requestTokens}. */
export const requestTokens: typeof grant.requestTokens = async (...args) =>
  (await loadGrants()).requestTokens(...args);

/** See {@link api.sendWithToken}. */
export const sendWithToken: typeof api.sendWithToken = async (...args) =>
  (await loadApi()).sendWithToken(...args);
