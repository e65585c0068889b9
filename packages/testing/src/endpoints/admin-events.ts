import type { FastifyRequest } from 'fastify';
import { Fault } from '../fault.ts';
import { queryOf } from '../http/form.ts';
import type { Provider } from '../provider.ts';
import type { RealmRepresentation } from '../realm/representation.ts';

/** Unless the request says otherwise, as in Keycloak. */
const DEFAULT_MAX = 100;

/** `GET admin-events` and `GET events` of Keycloak's admin API. `undefined` for every other path. */
export function readEvents({ events, realm }: Provider, path: string, request: FastifyRequest) {
  const query = queryOf(request);
  const from = dateOf(query.get('dateFrom'), 'dateFrom') ?? 0;
  const to = dateOf(query.get('dateTo'), 'dateTo') ?? Number.POSITIVE_INFINITY;
  const isMeant = (name: string, value: unknown) =>
    !query.has(name) || query.getAll(name).includes(String(value));
  const page = <Kind extends { time: number }>(all: readonly Kind[]): Kind[] => {
    const first = Number(query.get('first') ?? 0);
    const found = all.filter(({ time }) => time >= from && time <= to);
    if (query.get('direction') === 'asc') found.reverse();
    return found.slice(first, first + Number(query.get('max') ?? DEFAULT_MAX));
  };
  if (path === 'events/config') return configOf(realm.settings);
  if (path === 'admin-events') {
    return page(
      events
        .adminEvents()
        .filter(
          (one) => isMeant('operationTypes', one.operationType) && isMeant('resourceTypes', one.resourceType),
        ),
    );
  }
  if (path !== 'events') return undefined;
  return page(
    events
      .userEvents()
      .filter(
        (one) => isMeant('type', one.type) && isMeant('user', one.userId) && isMeant('client', one.clientId),
      ),
  );
}

function dateOf(text: string | null, name: string): number | undefined {
  if (text === null) return undefined;
  const isDate = /^\d{4}-\d\d-\d\d$/.test(text);
  if (isDate || /^\d+$/.test(text)) return isDate ? Date.parse(text) : Number(text);
  throw new Fault(400, `Invalid value for '${name}', expected format is yyyy-MM-dd or an Epoch timestamp`);
}

/** What a realm keeps, as `GET events/config` says it. */
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
