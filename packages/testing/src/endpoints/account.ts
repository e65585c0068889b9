import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { decodeJwt } from 'jose';
import { Fault } from '../fault.ts';
import { queryOf } from '../http/bodies.ts';
import { allowOriginsOf, bearerOf, issuerOf, ownOrigin } from '../http/headers.ts';
import { endSession } from '../provider/end-session.ts';
import type { Provider, Realms } from '../provider/provider.ts';
import type { Route } from '../provider/route.ts';
import type { RealmRepresentation } from '../realm/representation.ts';
import { type GoodToken, readToken, rolesOfToken } from '../tokens/issue.ts';
import { isLightweight } from '../tokens/scopes.ts';

/** The profile endpoint of Keycloak's account API, which `loadUserProfile` of keycloak-js calls. */
export const accountProfileRoute: Route = {
  endpoint: 'account',
  path: '/account',
  methods: ['GET'],
  preflight: ['HEAD', 'DELETE', 'POST', 'GET', 'OPTIONS', 'PUT'],
  async handler({ provider, request, reply }) {
    // There is no account console here: a browser gets Keycloak's answer for that.
    if (!request.headers.accept?.includes('application/json')) throw new Fault(404, 'HTTP 404 Not Found');
    const reading = await readAccountToken(request);
    if (reading.session === undefined) throw new Fault(401, 'HTTP 401 Unauthorized');
    allowOriginsOf(reading.client, request, reply);
    reply.removeHeader('access-control-expose-headers');
    const roles = rolesOfToken(provider.realm, reading).client.get('account');
    if (!roles?.has('view-profile') && !roles?.has('manage-account'))
      throw new Fault(403, 'HTTP 403 Forbidden');
    const { id, username, firstName, lastName, email, emailVerified } = reading.user;
    return reply
      .header('cache-control', 'no-cache')
      .type('application/json;charset=UTF-8')
      .send({ id, username, firstName, lastName, email, emailVerified });
  },
};

/** @throws {Fault} 401 */
async function readAccountToken(request: FastifyRequest): Promise<GoodToken> {
  const reading = await readToken(request.provider, bearerOf(request) ?? '', issuerOf(request), ['Bearer']);
  // A lightweight token has no audience; Keycloak computes the one it would have.
  const isForAccount =
    'claims' in reading && (isLightweight(reading.client) || [reading.claims.aud].flat().includes('account'));
  if (!isForAccount) throw new Fault(401, 'HTTP 401 Unauthorized');
  return reading;
}

/** The calls of Keycloak's account API by which users end a session of their own, or all others with `?current=false`. */
export function addAccountSessions(app: FastifyInstance): void {
  for (const path of ['/account/sessions', '/account/sessions/:id'])
    app.delete(path, { config: { endpoint: 'logout' } }, endOwnSessions);
}

async function endOwnSessions(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { provider } = request;
  const reading = await readAccountToken(request);
  if (!rolesOfToken(provider.realm, reading).client.get('account')?.has('manage-account'))
    throw new Fault(403, 'HTTP 403 Forbidden');
  const { id } = request.params as { id?: string };
  const { current } = request.query as { current?: string };
  const own = provider.sessions.ofUser(reading.user.id);
  const ended = own.filter((one) =>
    id === undefined ? current === 'true' || one.id !== reading.claims.sid : one.id === id,
  );
  for (const session of ended) await endSession(provider, session, issuerOf(request));
  return reply.code(204).send();
}

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
