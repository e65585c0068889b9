import type ClientRepresentation from '@keycloak/keycloak-admin-client/lib/defs/clientRepresentation.js';
import { isHttpUrl } from '../../../access/access.ts';
import { coversUri, splitUris, toWholeUri } from '../../../admin/mappers.ts';
import { type Answer, call, toExcerpt, toForm, toWords } from '../../../keycloak/call.ts';
import { judgeStranger } from '../../../keycloak/finding.ts';
import { networkZoneOf } from '../../../settings/address.ts';
import {
  adminCheck,
  type Check,
  check,
  checksOfAnswer,
  diagnosed,
  type Finding,
  fail,
  failOn,
  isAboutUser,
  kcadm,
  kcadmRealm,
  type Look,
  NO_EVENTS,
  noBrowserLogin,
  noPasswordLogin,
  ok,
  onPage,
  type Rule,
  refusalOf,
  skipped,
  warn,
} from '../../check.ts';
import type { Reach } from '../../context.ts';

const GRANT_RULES: readonly Rule<Answer>[] = [
  {
    id: 'client.direct-grants',
    good: 'on',
    async judge(grant, { reach }) {
      if (!/not allowed for direct access grants/i.test(refusalOf(grant))) return undefined;
      const other = await noPasswordLogin(reach);
      if (other !== undefined) return other;
      return fail(
        toWords(grant),
        `direct access grants are off: the client '${reach.caller.clientId}' may not log users in with a password`,
        `${onPage(reach, 'Settings > Capability config > Direct access grants ON')}\n${kcadm(reach, 'directAccessGrantsEnabled=true')}`,
        [],
      );
    },
  },
  {
    id: 'client.consent',
    good: 'not required',
    judge(grant, { reach }) {
      if (!/requires user consent/i.test(refusalOf(grant))) return undefined;
      return fail(
        toWords(grant),
        `the client '${reach.caller.clientId}' asks users for consent, which a password login cannot do`,
        `${onPage(reach, 'Settings > Login settings > Consent required OFF')}\n${kcadm(reach, 'consentRequired=false')}`,
      );
    },
  },
  {
    id: 'client.dpop',
    good: 'not required',
    judge(grant, { reach }) {
      if (!/dpop/i.test(refusalOf(grant))) return undefined;
      return fail(
        toWords(grant),
        `the client '${reach.caller.clientId}' requires DPoP proofs, and POST /login sends none`,
        `${onPage(reach, 'Settings > Capability config > Require DPoP bound tokens OFF')}\n${kcadm(reach, 'attributes."dpop.bound.access.tokens"=false')}`,
      );
    },
  },
  {
    id: 'client.password-grant',
    good: 'an unknown user is refused as it should be',
    judge: (grant, { reach }) => (isAboutUser(grant) ? undefined : judgeGrant(grant, reach)),
  },
];

/** Any other refusal of the password grant: a policy, a flow, a limit, something new. */
async function judgeGrant(grant: Answer, reach: Reach): Promise<Finding> {
  const { realm } = reach.caller;
  const say = failOn(toWords(grant));
  const policies = reach.admin ? await reach.admin.policies().catch(() => []) : [];
  const policyNames = policies.length > 0 ? ` Enabled policies: ${policies.join(', ')}.` : '';
  if (/prohibited|policy|not allowed/i.test(refusalOf(grant)))
    return say(
      `a client policy of the realm '${realm}' forbids what this service does (${refusalOf(grant)})`,
      `Realm settings > Client policies > Policies: find the one that applies to this client, and take it out of its conditions or switch it off.${policyNames}`,
    );
  if (/invalid origin/i.test(grant.text))
    return say(
      'something on the way adds an Origin header to the calls, and Keycloak refuses it: this service sends none',
      'Look for a proxy between this service and Keycloak that sets Origin, and take that out.',
    );
  const stranger = judgeStranger(grant);
  if (stranger !== undefined) return stranger;
  if (/^\s*<(!doctype|html)/i.test(grant.text) && grant.status < 500) return judgePage(grant, reach);
  if (grant.status === 200 && typeof grant.json?.access_token !== 'string')
    return say(
      'something in front of Keycloak answers the token endpoint with HTTP 200, and no token is in it',
      'Let the proxy pass /realms/ on to Keycloak, and its answers back, as they are.',
    );
  if (grant.status === 200)
    return fail(
      'a user who does not exist was logged in',
      "the direct grant flow lets anybody in: it has no step that checks a user's password",
      `Authentication > Flows > 'direct grant': Username Validation and Password must be REQUIRED.`,
    );
  return diagnosed(reach, grant);
}

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
  if (/<input[^>]{1,500}password/i.test(grant.text))
    return say(
      `the token endpoint answers with a login page: a browser flow is bound where the direct grant flow belongs${name}`,
      fix,
    );
  return say(
    `the token endpoint answers with a page ('${toExcerpt(grant.text)}') and not with JSON: the flow of the password grant${name} is not Keycloak's own, and refuses every login`,
    fix,
  );
}

const clientIntrospection = check(
  'client.introspection',
  ['client.secret', 'client.type'],
  async ({ reach }) => {
    const answer = await reach.client.introspection();
    if (answer.status === 200 && answer.json?.active === false) return ok('the client may introspect');
    const grant = await reach.client.passwordGrant();
    // Another check has already reported the same problem.
    if (refusalOf(grant) === refusalOf(answer)) return skipped('the same answer as to the password grant');
    if (/authentication method not allowed|not allowed for client/i.test(refusalOf(answer)))
      return fail(
        toWords(answer),
        `a client policy of the realm '${reach.caller.realm}' does not allow the client to authenticate with a secret`,
        'Realm settings > Client policies > Policies: take this client out of the conditions of the policy (FAPI or OAuth 2.1 profiles forbid secrets), or switch it off.',
      );
    return diagnosed(reach, answer);
  },
);

const clientScopes = check('client.scopes', ['client.password-grant'], async ({ reach }) => {
  const answer = await reach.client.scopes();
  if (answer.json?.error !== 'invalid_scope')
    return isAboutUser(answer) ? ok('openid profile email may be asked for') : skipped(toWords(answer));
  const refused = /invalid scopes?: (.*)/i.exec(refusalOf(answer))?.[1] ?? 'openid profile email';
  return fail(
    toWords(answer),
    `the client may not ask for the scopes 'openid profile email' (refused: ${refused})`,
    onPage(reach, "Client scopes > Add client scope: 'profile' and 'email' as Default"),
    [],
  );
});

/** Of those the follower cannot do without, the ones that every version of Keycloak knows. */
const NEEDED = ['LOGOUT', 'REVOKE_GRANT', 'DELETE_ACCOUNT'];
/** Keycloak before 24 does not know it. */
const LOCKOUT = 'USER_DISABLED_BY_PERMANENT_LOCKOUT';
const FIX = 'keycloak-guard setup events shows what is missing, and sets it up';

/** Whether the client can follow Keycloak's events: asked as it would ask. */
const clientEvents = check('client.events', ['client.secret', 'client.type'], async ({ reach }) => {
  const { config, calls, client, caller } = reach;
  if (!config.events) return skipped(NO_EVENTS);
  const token = (await client.clientCredentials()).json?.access_token;
  const who = `the service account of ${caller.clientId}`;
  if (typeof token !== 'string') return fail('no token', `${who} gets no token: it is off`, FIX);
  const at = calls.baseUrl.lastIndexOf('/realms/');
  const admin = `${calls.baseUrl.slice(0, at)}/admin${calls.baseUrl.slice(at)}`;
  const answer = await calls.get(`${admin}/events/config`, { authorization: `Bearer ${token}` });
  if (answer.status === 403)
    return fail('HTTP 403', `${who} has not the role view-events of realm-management`, FIX);
  const kept = answer.json;
  if (answer.status !== 200 || kept === undefined)
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
  if (!kept.adminEventsDetailsEnabled)
    return warn('without details', 'each change of a user or client makes the API ask about its tokens', FIX);
  return ok('kept, with details, and readable');
});

/** The grants that Keycloak allows the client. */
export const GRANT_CHECKS = [
  ...checksOfAnswer(
    GRANT_RULES,
    ['client.enabled', 'client.authenticator', 'client.secret', 'client.type'],
    ({ client }) => client.passwordGrant(),
  ),
  clientIntrospection,
  clientEvents,
  clientScopes,
];

/** A check of the settings for browser logins: skipped if the client has none. */
const clientCheck = (id: string, look: Look<ClientRepresentation>): Check =>
  adminCheck(id, 'client.known', async (admin, context) => {
    const client = await admin.client();
    if (client === undefined) return skipped('the client is not there');
    return (await noBrowserLogin(context.reach)) ?? look(client, context);
  });

const clientLogout = clientCheck('client.backchannel-logout', async (client, { reach, options }) => {
  const url = String(client.attributes?.['backchannel.logout.url'] ?? '');
  const fix = onPage(
    reach,
    `Settings > Logout settings > Backchannel logout URL = ${options.appUrl}/backchannel-logout, as Keycloak reaches it (from a container not localhost)`,
  );
  if (url === '')
    return warn(
      'no backchannel logout URL',
      'Keycloak does not report logouts to this service: a token stays valid here until it is rechecked (RECHECK_SECONDS)',
      fix,
      [],
    );
  if (!isHttpUrl(url))
    return warn(url, 'the backchannel logout URL is no http or https URL', fix, [
      `--backchannel-url=${options.appUrl}/backchannel-logout`,
    ]);
  return judgeLogoutUrl(url, fix, reach);
});

/** Keycloak calls the URL, not this machine. No answer here proves nothing; an answer proves a lot. */
async function judgeLogoutUrl(url: string, fix: string, { caller, realm }: Reach): Promise<Finding> {
  const said = 'Keycloak cannot report logouts: ';
  const issuer = String((await realm.discovery()).json?.issuer);
  const [target, keycloak] = [new URL(url), new URL(caller.serverUrl)];
  // A realm elsewhere has no program of this machine called.
  if (
    networkZoneOf(target.hostname) === 'this-machine' &&
    networkZoneOf(keycloak.hostname) !== 'this-machine'
  )
    return warn(
      url,
      `${said}Keycloak runs on another machine or in a container (${keycloak.host}), and there '${target.hostname}' in the backchannel logout URL is Keycloak's own machine`,
      fix,
    );
  // A receiver refuses this call, because its logout token is empty.
  const answer = await call(url, toForm({ logout_token: '' }), caller.timeoutMs);
  // Behind one proxy, the API can share Keycloak's origin and have its own path.
  const isReceiver = answer.status === 400 && answer.json !== undefined;
  if (
    [keycloak.origin, URL.canParse(issuer) && new URL(issuer).origin].includes(target.origin) &&
    !isReceiver
  )
    return warn(url, `${said}the backchannel logout URL is Keycloak's own address, not this service's`, fix);
  if (answer.status === 0) return skipped(`${url}: nothing answers from here`);
  // 422: FastAPI, where a field is missing.
  if (answer.status !== 400 && answer.status !== 422)
    return warn(
      `${url}: ${toWords(answer)}`,
      `${said}what answers at the backchannel logout URL takes no logout tokens (HTTP ${answer.status}): a receiver answers 400 to a call without one`,
      fix,
    );
  return ok(url);
}

const clientLogoutUris = clientCheck('client.post-logout-uris', async (client, { reach, options }) => {
  const { appUrl } = options;
  const list = splitUris(client.attributes?.['post.logout.redirect.uris']);
  const uris = list.flatMap((one) => (one === '+' ? (client.redirectUris ?? []) : one));
  // The root, or a page that the application chose.
  const root = `${appUrl}/`;
  const isOfApp = (uri: string) =>
    toWholeUri(uri, client.rootUrl).startsWith(root) || coversUri([uri], client.rootUrl, root);
  if (uris.some(isOfApp)) return ok(list.join(', '));
  return warn(
    list.join(', ') || 'none',
    `a browser logout cannot come back to the API: no post logout redirect URI is at ${appUrl}`,
    onPage(reach, `Settings > Access settings > Valid post logout redirect URIs: add ${root}*`),
    [],
  );
});

export const CLIENT_SETTINGS_CHECKS = [clientLogout, clientLogoutUris];
