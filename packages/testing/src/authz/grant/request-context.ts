import type { FastifyRequest } from 'fastify';
import type { Provider } from '../../provider.ts';
import type { Client } from '../../realm/client.ts';
import type { RequestContext } from '../evaluation/subject.ts';
import type { PushedClaims } from './pushed-claims.ts';

/** What policies know about a request: pushed claims, and what Keycloak adds. */
export function toContext(
  { realm, clock }: Provider,
  { ip, headers }: FastifyRequest,
  client: Client,
  claims: PushedClaims,
): RequestContext {
  const attributes = new Map<string, readonly string[]>(
    Object.entries(claims).map(([name, values]) => [name, values.map(String)]),
  );
  const now = clock.now();
  attributes.set('kc.time.date_time', [toLocalTime(new Date(now))]);
  attributes.set('kc.client.network.ip_address', [ip]);
  attributes.set('kc.client.network.host', [ip]);
  const agent = headers['user-agent'];
  if (agent !== undefined) attributes.set('kc.client.user_agent', [agent]);
  attributes.set('kc.realm.name', [realm.name]);
  attributes.set('kc.client.id', [client.clientId]);
  return { attributes, now };
}

/** `yyyy-MM-dd HH:mm:ss`, in the time zone of the process. */
function toLocalTime(date: Date): string {
  const local = new Date(date.getTime() - date.getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 19).replace('T', ' ');
}
