import { type Answer, call } from '../../keycloak/call.ts';
import { type FoundServer, findServer } from '../../keycloak/find-server.ts';
import type { RealmCalls } from '../../keycloak/realm-calls.ts';
import { memo } from './memo.ts';

/** What the realm says to anybody. Each is asked once. */
export interface RealmEvidence {
  server(): Promise<FoundServer>;
  discovery(): Promise<Answer>;
  certs(): Promise<Answer>;
  /** The token endpoint, asked with nothing: it tells whether the realm is on and wants HTTPS. */
  bareToken(): Promise<Answer>;
}

export function createRealmEvidence(
  calls: RealmCalls,
  where: { serverUrl: string; realm: string; timeoutMs: number },
): RealmEvidence {
  return {
    server: memo(() => findServer(where.serverUrl, where.realm, where.timeoutMs)),
    discovery: memo(() => calls.get(calls.endpoints.discovery)),
    certs: memo(() => calls.get(calls.endpoints.certs)),
    bareToken: memo(() =>
      call(
        calls.endpoints.token,
        { method: 'POST', body: new URLSearchParams({ grant_type: 'password' }) },
        where.timeoutMs,
      ),
    ),
  };
}
