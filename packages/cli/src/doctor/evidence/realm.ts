import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { toJsonObject } from 'keycloak-guard/unstable';
import { readBody } from '../../admin/internal.ts';
import { call, memo, toForm } from '../../keycloak/call.ts';
import type { RealmCalls } from '../../keycloak/realm-calls.ts';
import { findServer } from '../../keycloak/server.ts';

/** Number of calls to an address that may be several servers. Eight miss one of two servers once in 128. */
const TIMES = 8;

/**
 * Calls an address several times, each time with a new connection and the next IP address of its name, so that a load
 * balancer has to choose again. Leaves out answers that are not JSON.
 */
async function callAfresh(url: string, timeoutMs: number): Promise<Readonly<Record<string, unknown>>[]> {
  const host = new URL(url).hostname.replace(/^\[|\]$/g, '');
  const addresses = isIP(host) ? [] : await lookup(host, { all: true }).catch(() => []);
  const answers: Readonly<Record<string, unknown>>[] = [];
  for (let count = 0; count < TIMES; count++) {
    const at = addresses[count % addresses.length];
    const answer = await get(url, timeoutMs, at).catch(() => undefined);
    if (answer !== undefined) answers.push(answer);
  }
  return answers;
}

type Address = { readonly address: string; readonly family: number };

const toLookup =
  (at: Address): LookupFunction =>
  (_host, { all }, give) =>
    all ? give(null, [at]) : give(null, at.address, at.family);

async function get(url: string, timeoutMs: number, at: Address | undefined) {
  const request = url.startsWith('https:') ? requestHttps : requestHttp;
  const going = request(url, {
    agent: false,
    signal: AbortSignal.timeout(timeoutMs),
    ...(at && { lookup: toLookup(at) }),
  });
  // What breaks off an answer, readBody throws.
  going.on('error', () => {});
  const [answer] = (await once(going.end(), 'response')) as [IncomingMessage];
  const text = await readBody({ body: answer });
  return answer.statusCode === 200 ? toJsonObject(text) : undefined;
}

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
