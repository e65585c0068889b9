import { type Caller, createRealmCalls } from '../../keycloak/realm-calls.ts';
import type { DoctorOptions } from '../options.ts';
import { createAdminEvidence } from './admin.ts';
import { type Authorization, type ClientEvidence, createClientEvidence } from './client.ts';
import { memo } from './memo.ts';

/** A single-page app: its client, which has no secret, and the page where people are after the sign-in. */
export interface SpaEvidence {
  readonly clientId: string;
  readonly origin: string;
  readonly redirectUri: string;
  readonly client: ClientEvidence;
  /** The authorization endpoint's answer to a sign-in without PKCE. */
  withoutPkce(): Promise<Authorization>;
  /** Those of the client; `undefined` without an admin. */
  redirectUris(): Promise<string[] | undefined>;
  /** Claims of the token that the client would get for the user; `undefined` without an admin and a user. */
  exampleClaims(): Promise<Readonly<Record<string, unknown>> | undefined>;
}

export function createSpaEvidence(
  clientId: string,
  page: string,
  caller: Caller,
  { admin, username }: DoctorOptions,
): SpaEvidence {
  const own = { ...caller, clientId, clientSecret: undefined, credential: undefined };
  const calls = createRealmCalls(own);
  const view = admin && createAdminEvidence({ ...own, username }, admin);
  const { origin } = new URL(page);
  return {
    clientId,
    origin,
    redirectUri: page,
    client: createClientEvidence(calls, own, origin, page),
    withoutPkce: memo(() => createClientEvidence(calls, own, origin, page, false).authorization()),
    redirectUris: async () => (await view?.client().catch(() => undefined))?.redirectUris,
    exampleClaims: async () => view?.exampleClaims().catch(() => undefined),
  };
}
