import { type Answer, toPageText, toWords } from '../../../keycloak/call.ts';
import { judgeStranger } from '../../../keycloak/finding.ts';
import { check, type Finding, fail, failOn, ok, warn } from '../../check.ts';
import type { Reach } from '../../context.ts';
import { diagnosed, isAboutUser, kcadmRealm, refusalOf } from '../../words.ts';

/** Any other refusal, which the checks before do not explain: a policy, a flow, a limit, something new. */
export const clientPasswordGrant = check(
  'client.password-grant',
  ['client.direct-grants', 'client.consent', 'client.dpop', 'client.type'],
  async ({ reach }) => {
    const grant = await reach.client.passwordGrant();
    if (isAboutUser(grant)) return ok('an unknown user is refused as it should be');
    const { realm } = reach.caller;
    const say = failOn(toWords(grant));
    const policies = reach.admin ? await reach.admin.policies().catch(() => []) : [];
    const policyNames = policies.length > 0 ? ` Enabled policies: ${policies.join(', ')}.` : '';
    if (/prohibited|policy|not allowed/i.test(refusalOf(grant))) {
      return say(
        `a client policy of the realm '${realm}' forbids what this service does (${refusalOf(grant)})`,
        `Realm settings > Client policies > Policies: find the one that applies to this client, and take it out of its conditions or switch it off.${policyNames}`,
      );
    }
    if (/invalid origin/i.test(grant.text)) {
      return say(
        'something on the way adds an Origin header to the calls, and Keycloak refuses it: this service sends none',
        'Look for a proxy between this service and Keycloak that sets Origin, and take that out.',
      );
    }
    const stranger = judgeStranger(grant);
    if (stranger !== undefined) return stranger;
    if (/^\s*<(!doctype|html)/i.test(grant.text) && grant.status < 500) return judgePage(grant, reach);
    if (grant.status === 200) {
      return fail(
        'a user who does not exist was logged in',
        "the direct grant flow lets anybody in: it has no step that checks a user's password",
        `Authentication > Flows > 'direct grant': Username Validation and Password must be REQUIRED.`,
      );
    }
    return diagnosed(reach, grant);
  },
);

/** A page in place of JSON: the password grant's flow is one that shows pages. */
async function judgePage(grant: Answer, reach: Reach): Promise<Finding> {
  const { realm, clientId } = reach.caller;
  const say = failOn(toWords(grant));
  const flow = await reach.admin?.flow().catch(() => undefined);
  const override = `Clients > ${clientId} > Advanced > Authentication flow overrides > Direct grant flow: clear it`;
  const bind = `Authentication > Flows > 'direct grant' > Action > Bind flow > Direct grant flow\n${kcadmRealm(realm, "'directGrantFlow=direct grant'")}`;
  const fix =
    flow === undefined
      ? `${bind}\nOr, where the client has a flow of its own: ${override}`
      : flow.isOverride
        ? override
        : bind;
  const name = flow === undefined ? '' : ` ('${flow.alias}')`;
  if (/<input[^>]+password/i.test(grant.text)) {
    return say(
      `the token endpoint answers with a login page: a browser flow is bound where the direct grant flow belongs${name}`,
      fix,
    );
  }
  return say(
    `the token endpoint answers with a page ('${toPageText(grant.text).slice(0, 100)}') and not with JSON: the flow of the password grant${name} is not Keycloak's own, and refuses every login`,
    fix,
  );
}

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
  const at = calls.baseUrl.lastIndexOf('/realms/');
  const admin = `${calls.baseUrl.slice(0, at)}/admin${calls.baseUrl.slice(at)}`;
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
    return fail(
      `not kept: ${lacks.join(', ')}`,
      'Keycloak does not keep the events that the application follows',
      FIX,
    );
  if (!kept.adminEventsDetailsEnabled) {
    return warn('without details', 'each change of a user or client makes the API ask about its tokens', FIX);
  }
  return ok('kept, with details, and readable');
});
