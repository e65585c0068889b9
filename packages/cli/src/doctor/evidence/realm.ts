import { type Answer, call } from '../../keycloak/call.ts';
import { type FoundServer, findServer } from '../../keycloak/find-server.ts';
import type { RealmCalls } from '../../keycloak/realm-calls.ts';
import { callAfresh } from './fresh-call.ts';
import { memo } from './memo.ts';

/** What the realm says to anybody. Each is asked once. */
export interface RealmEvidence {
  server(): Promise<FoundServer>;
  discovery(): Promise<Answer>;
  certs(): Promise<Answer>;
  /** Ids of the keys that the address hands out when it is asked afresh, a set for each answer that differs from `certs`. */
  certsOfOthers(): Promise<string[][]>;
  /** The discovery document at the address that the issuer names. */
  atIssuer(): Promise<Answer>;
  /** Whether the keys at the address that the issuer names are those of here; `undefined`: there are none to be read. */
  hasSameKeysAtIssuer(): Promise<boolean | undefined>;
  /** The token endpoint, asked with nothing: it tells whether the realm is on and wants HTTPS. */
  bareToken(): Promise<Answer>;
}

export function createRealmEvidence(
  calls: RealmCalls,
  where: { serverUrl: string; realm: string; timeoutMs: number },
): RealmEvidence {
  const discovery = memo(() => calls.get(calls.endpoints.discovery));
  const certs = memo(() => calls.get(calls.endpoints.certs));
  return {
    server: memo(() => findServer(where.serverUrl, where.realm, where.timeoutMs)),
    discovery,
    certs,
    certsOfOthers: memo(async () => {
      const own = idsOf((await certs()).json).join();
      const sets = (await callAfresh(calls.endpoints.certs, where.timeoutMs)).map(idsOf);
      const others = new Map(sets.map((ids) => [ids.join(), ids]));
      return [...others].filter(([ids]) => ids !== '' && ids !== own).map(([, ids]) => ids);
    }),
    hasSameKeysAtIssuer: memo(async () => {
      const there = await calls.get(`${(await discovery()).json?.issuer}/protocol/openid-connect/certs`);
      const [theirs, ours] = [idsOf(there.json), idsOf((await certs()).json)];
      return theirs.length === 0 ? undefined : theirs.join() === ours.join();
    }),
    atIssuer: memo(async () =>
      calls.get(`${(await discovery()).json?.issuer}/.well-known/openid-configuration`),
    ),
    bareToken: memo(() =>
      call(
        calls.endpoints.token,
        { method: 'POST', body: new URLSearchParams({ grant_type: 'password' }) },
        where.timeoutMs,
      ),
    ),
  };
}

/** Ids of the keys of a set, in an order of their own. */
function idsOf(set: Readonly<Record<string, unknown>> | undefined): string[] {
  const keys = Array.isArray(set?.keys) ? (set.keys as { kid?: unknown }[]) : [];
  return keys.map(({ kid }) => String(kid)).sort();
}
