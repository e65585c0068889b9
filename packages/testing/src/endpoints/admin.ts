import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { decodeJwt } from 'jose';
import { Fault } from '../fault.ts';
import { queryOf } from '../http/bodies.ts';
import { bearerOf, ownOrigin } from '../http/headers.ts';
import type { Provider, Realms } from '../provider/provider.ts';
import type { RealmRepresentation } from '../realm/representation.ts';
import { readToken, rolesOfToken } from '../tokens/read-access-token.ts';

/** Unless the request says otherwise, as in Keycloak. */
const DEFAULT_MAX = 100;

/** `GET admin-events` and `GET events` of Keycloak's admin API. `undefined` for every other path. */
function readEvents({ events, realm }: Provider, path: string, request: FastifyRequest) {
  const query = queryOf(request);
  const from = dateOf(query.get('dateFrom'), 'dateFrom') ?? 0;
  const to = dateOf(query.get('dateTo'), 'dateTo') ?? Number.POSITIVE_INFINITY;
  const matches = (name: string, value: unknown) =>
    !query.has(name) || query.getAll(name).includes(String(value));
  const page = <Kind extends { time: number }>(all: readonly Kind[]): Kind[] => {
    const first = Number(query.get('first') ?? 0);
    const found = all.filter(({ time }) => time >= from && time <= to);
    if (query.get('direction') === 'asc') found.reverse();
    return found.slice(first, first + Number(query.get('max') ?? DEFAULT_MAX));
  };
  if (path === 'events/config') return configOf(realm.settings);
  if (path === 'admin-events')
    return page(
      events
        .adminEvents()
        .filter(
          (one) => matches('operationTypes', one.operationType) && matches('resourceTypes', one.resourceType),
        ),
    );
  if (path !== 'events') return undefined;
  return page(
    events
      .userEvents()
      .filter(
        (one) => matches('type', one.type) && matches('user', one.userId) && matches('client', one.clientId),
      ),
  );
}

function dateOf(text: string | null, name: string): number | undefined {
  if (text === null) return undefined;
  const isDate = /^\d{4}-\d\d-\d\d$/.test(text);
  if (isDate || /^\d+$/.test(text)) return isDate ? Date.parse(text) : Number(text);
  throw new Fault(400, `Invalid value for '${name}', expected format is yyyy-MM-dd or an Epoch timestamp`);
}

/** The realm's settings for events, as in `GET events/config`. */
function configOf(settings: RealmRepresentation) {
  const { eventsEnabled, eventsExpiration, enabledEventTypes = [] } = settings;
  return {
    eventsEnabled: eventsEnabled === true,
    ...(eventsExpiration === undefined ? {} : { eventsExpiration }),
    eventsListeners: ['jboss-logging'],
    enabledEventTypes: enabledEventTypes.length > 0 ? enabledEventTypes : EVENT_TYPES,
    adminEventsEnabled: settings.adminEventsEnabled === true,
    adminEventsDetailsEnabled: settings.adminEventsDetailsEnabled === true,
  };
}

/** Of Keycloak's types those that this provider, or a follower of events, knows. */
const EVENT_TYPES = [
  ...['LOGIN', 'REGISTER', 'LOGOUT', 'UPDATE_EMAIL', 'UPDATE_PROFILE', 'VERIFY_EMAIL', 'REVOKE_GRANT'],
  ...['IDENTITY_PROVIDER_FIRST_LOGIN', 'DELETE_ACCOUNT', 'USER_DISABLED_BY_PERMANENT_LOCKOUT'],
];

/**
 * Of the admin API there are the events, for who has the role `view-events` of `realm-management`. Other calls are refused as by
 * Keycloak's: 401 without a valid token, 403 with one.
 */
export function addAdmin(app: FastifyInstance, realms: Realms): void {
  app.all('/admin/realms', answer);
  app.all('/admin/realms/*', answer);
  app.all('/admin/serverinfo', answer);

  async function answer(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const token = bearerOf(request) ?? '';
    const own = realms.find(realmIn(token));
    const issuer = `${ownOrigin(request)}/realms/${encodeURIComponent(own?.realm.name ?? '')}`;
    const reading = own && (await readToken(own, token, issuer, ['Bearer']));
    if (reading === undefined || 'problem' in reading) throw new Fault(401, 'HTTP 401 Unauthorized');
    const name = /^\/admin\/realms\/([^/?]+)/.exec(request.url)?.[1];
    const requested = name === undefined ? undefined : realms.find(decodeURIComponent(name));
    if (name !== undefined && requested === undefined) throw new Fault(404, 'Realm not found.');
    const roles = own && rolesOfToken(own.realm, reading).client.get('realm-management');
    const mayRead = requested === own && roles?.has('view-events');
    const path = /^\/admin\/realms\/[^/?]+\/([^?]*)/.exec(request.url)?.[1] ?? '';
    const events = mayRead && own ? readEvents(own, path, request) : undefined;
    if (events === undefined) throw new Fault(403, 'HTTP 403 Forbidden');
    return reply.type('application/json;charset=UTF-8').send(JSON.stringify(events));
  }
}

/** The realm that a token says it is from. */
function realmIn(token: string): string {
  try {
    return decodeURIComponent(String(decodeJwt(token).iss).split('/realms/')[1] ?? '');
  } catch {
    return '';
  }
}
