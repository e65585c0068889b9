import { randomUUID } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { Client } from '../realm/client.ts';
import type { Realm } from '../realm/realm.ts';
import { PageFault } from './auth-request.ts';

const PREFIX = 'urn:ietf:params:oauth:request_uri:';

/** Pushed authorization requests (RFC 9126). */
export type PushedRequests = ReturnType<typeof createPushedRequests>;

export function createPushedRequests(realm: Realm, clock: Clock) {
  const byUri = new Map<string, { clientId: string; parameters: URLSearchParams; expiresAt: number }>();

  const lifespanSeconds = () => Number(realm.settings.attributes?.parRequestUriLifespan || 60);
  return {
    lifespanSeconds,
    /** Keeps the parameters. Returns their `request_uri`. */
    push({ clientId }: Client, parameters: URLSearchParams): string {
      const now = clock.seconds();
      for (const [uri, { expiresAt }] of byUri) if (expiresAt <= now) byUri.delete(uri);
      const uri = `${PREFIX}${randomUUID()}`;
      byUri.set(uri, { clientId, parameters, expiresAt: now + lifespanSeconds() });
      return uri;
    },
    /**
     * The parameters that a query with a `request_uri` stands for: the pushed ones, and those that only the query has.
     *
     * @throws {PageFault} if this client pushed nothing under this URI
     */
    resolve(query: URLSearchParams): URLSearchParams {
      const entry = byUri.get(query.get('request_uri') ?? '');
      if (entry === undefined || entry.expiresAt <= clock.seconds()) throw new PageFault('Invalid Request');
      if (entry.clientId !== query.get('client_id')) throw new PageFault('Invalid Request');
      const parameters = new URLSearchParams(entry.parameters);
      for (const [name, value] of query) {
        if (name !== 'request_uri' && !parameters.has(name)) parameters.append(name, value);
      }
      return parameters;
    },
    /** Ends a request after a login. */
    close: (requestUri: string) => void byUri.delete(requestUri),
  };
}
