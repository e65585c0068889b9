import { type Caller, createRealmCalls } from '../../keycloak/realm-calls.ts';
import type { DoctorOptions } from '../options.ts';
import { createAdminEvidence } from './admin.ts';
import { createClientEvidence } from './client.ts';
import { memo } from './memo.ts';

/** A single-page app: its client, which has no secret, and the page where people are after the sign-in. */
export type SpaEvidence = ReturnType<typeof createSpaEvidence>;

export function createSpaEvidence(
  clientId: string,
  page: string,
  caller: Caller,
  { admin, username }: DoctorOptions,
) {
  const own = { ...caller, clientId, clientSecret: undefined, credential: undefined };
  const calls = createRealmCalls(own);
  const view = admin && createAdminEvidence({ ...own, username }, admin);
  const { origin } = new URL(page);
  return {
    clientId,
    origin,
    redirectUri: page,
    client: createClientEvidence(calls, own, origin, page),
    /** The authorization endpoint's answer to a sign-in without PKCE. */
    withoutPkce: memo(() => createClientEvidence(calls, own, origin, page, false).authorization()),
    /** Those of the client; `undefined` without an admin. */
    redirectUris: async () => (await view?.client().catch(() => undefined))?.redirectUris,
    /** Claims of the token that the client would get for the user; `undefined` without an admin and a user. */
    exampleClaims: async () => view?.exampleClaims().catch(() => undefined),
  };
}
