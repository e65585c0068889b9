import { call, toForm } from '../../keycloak/call.ts';
import { findServer } from '../../keycloak/find-server.ts';
import type { RealmCalls } from '../../keycloak/realm-calls.ts';
import { callAfresh } from './fresh-call.ts';
import { memo } from './memo.ts';

/** The realm's public answers. Each is asked for once. */
export type RealmEvidence = ReturnType<typeof createRealmEvidence>;

export function createRealmEvidence(
  calls: RealmCalls,
  where: { serverUrl: string; realm: string; timeoutMs: number },
) {
  const discovery = memo(() => calls.get(calls.issuer.endpoints.discovery));
  const certs = memo(() => calls.get(calls.issuer.endpoints.certs));
  return {
    server: memo(() => findServer(where.serverUrl, where.realm, where.timeoutMs)),
    discovery,
    certs,
    /** Key ids of further answers that differ from `certs`: another Keycloak behind the same address. */
    certsOfOthers: memo(async () => {
      const own = idsOf((await certs()).json).join();
      const sets = (await callAfresh(calls.issuer.endpoints.certs, where.timeoutMs)).map(idsOf);
      const others = new Map(sets.map((ids) => [ids.join(), ids]));
      return [...others].filter(([ids]) => ids !== '' && ids !== own).map(([, ids]) => ids);
    }),
    /** Whether the issuer's address has the same keys; `undefined` if none can be read there. */
    hasSameKeysAtIssuer: memo(async () => {
      const there = await calls.get(`${(await discovery()).json?.issuer}/protocol/openid-connect/certs`);
      const [theirs, ours] = [idsOf(there.json), idsOf((await certs()).json)];
      return theirs.length === 0 ? undefined : theirs.join() === ours.join();
    }),
    /** The discovery document at the issuer's address. */
    atIssuer: memo(async () =>
      calls.get(`${(await discovery()).json?.issuer}/.well-known/openid-configuration`),
    ),
    /** The token endpoint's answer to an empty request: it shows whether the realm is enabled and wants HTTPS. */
    bareToken: memo(() =>
      call(calls.issuer.endpoints.token, toForm({ grant_type: 'password' }), where.timeoutMs),
    ),
  };
}

/** Sorted ids of the keys of a JWK Set. */
const idsOf = (set: KeySet | undefined): string[] => (keysOf(set) ?? []).map(({ kid }) => String(kid)).sort();

type KeySet = Readonly<Record<string, unknown>>;

/** The keys of a JWK Set, without entries that are none. `undefined` if it has no list. */
export function keysOf(set: KeySet | undefined): Record<string, unknown>[] | undefined {
  const isKey = (one: unknown): one is Record<string, unknown> => typeof one === 'object' && one !== null;
  return Array.isArray(set?.keys) ? set.keys.filter(isKey) : undefined;
}
