import { call, memo, toForm } from '../../keycloak/call.ts';
import type { RealmCalls } from '../../keycloak/realm-calls.ts';
import { findServer } from '../../keycloak/server.ts';

/** Number of calls to an address that may be several servers. Eight miss one of two servers once in 128. */
const TIMES = 8;

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
      const others = new Map<string, string[]>();
      for (let count = 0; count < TIMES; count++) {
        // For a new connection, a load balancer or the DNS has to choose again.
        const { status, json } = await calls.get(calls.issuer.endpoints.certs, { connection: 'close' });
        const ids = status === 200 ? idsOf(json) : [];
        if (ids.length > 0 && ids.join() !== own) others.set(ids.join(), ids);
      }
      return [...others.values()];
    }),
    /** Whether the issuer's address has the same keys; `undefined` if none can be read there. */
    hasSameKeysAtIssuer: memo(async () => {
      const there = await calls.get(`${(await discovery()).json?.issuer}/protocol/openid-connect/certs`);
      const [theirs, ours] = [idsOf(there.json), idsOf((await certs()).json)];
      return theirs.length === 0 ? undefined : theirs.join() === ours.join();
    }),
    atIssuer: memo(async () =>
      calls.get(`${(await discovery()).json?.issuer}/.well-known/openid-configuration`),
    ),
    /** The token endpoint's answer to an empty request: it shows whether the realm is enabled and wants HTTPS. */
    bareToken: memo(() =>
      call(calls.issuer.endpoints.token, toForm({ grant_type: 'password' }), where.timeoutMs),
    ),
  };
}

const idsOf = (set: KeySet | undefined): string[] => (keysOf(set) ?? []).map(({ kid }) => String(kid)).sort();

type KeySet = Readonly<Record<string, unknown>>;

/** The keys of a JWK Set, without entries that are none. `undefined` if it has no list. */
export function keysOf(set: KeySet | undefined): Record<string, unknown>[] | undefined {
  const isKey = (one: unknown): one is Record<string, unknown> => typeof one === 'object' && one !== null;
  return Array.isArray(set?.keys) ? set.keys.filter(isKey) : undefined;
}
