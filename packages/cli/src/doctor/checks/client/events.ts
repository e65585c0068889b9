import { check, fail, ok, warn } from '../../check.ts';

/** Of those the follower cannot do without, the ones that every version of Keycloak knows. */
const NEEDED = ['LOGOUT', 'REVOKE_GRANT', 'DELETE_ACCOUNT'];
/** Keycloak before 24 does not know it. */
const LOCKOUT = 'USER_DISABLED_BY_PERMANENT_LOCKOUT';
const FIX = 'keycloak-guard setup events shows what is missing, and sets it up';

/** Whether the client can follow Keycloak's events: asked as it would ask. */
export const clientEvents = check('client.events', ['client.secret', 'client.type'], async ({ reach }) => {
  const { config, calls, client, caller } = reach;
  if (!config.events) return ok('not read');
  const token = (await client.clientCredentials()).json?.access_token;
  const who = `the service account of ${caller.clientId}`;
  if (typeof token !== 'string') return fail('no token', `${who} gets no token: it is off`, FIX);
  const place = calls.baseUrl.lastIndexOf('/realms/');
  const admin = `${calls.baseUrl.slice(0, place)}/admin${calls.baseUrl.slice(place)}`;
  const answer = await calls.get(`${admin}/events/config`, { authorization: `Bearer ${token}` });
  if (answer.status === 403) {
    return fail('HTTP 403', `${who} has not the role view-events of realm-management`, FIX);
  }
  const kept = answer.json;
  if (kept === undefined)
    return fail(`HTTP ${answer.status}`, 'Keycloak does not say which events it keeps', FIX);
  const types = (kept.enabledEventTypes ?? []) as string[];
  const isLeftOut = (type: string) => types.length > 0 && !types.includes(type);
  // Keycloak answers an unknown type with an error.
  const isKnown = async (type: string) => {
    const url = `${admin}/events?type=${type}&max=1`;
    return (await calls.get(url, { authorization: `Bearer ${token}` })).status === 200;
  };
  const lacks = [
    ...(kept.adminEventsEnabled ? [] : ['admin events']),
    ...(kept.eventsEnabled ? [] : ['user events']),
    ...NEEDED.filter(isLeftOut),
    ...(isLeftOut(LOCKOUT) && (await isKnown(LOCKOUT)) ? [LOCKOUT] : []),
  ];
  if (lacks.length > 0)
    return fail(`not kept: ${lacks.join(', ')}`, 'Keycloak does not keep what has to be heard', FIX);
  if (!kept.adminEventsDetailsEnabled) {
    return warn('without details', 'each change of a user or client makes the API ask about its tokens', FIX);
  }
  return ok('kept, with details, and readable');
});
