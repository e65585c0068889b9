import { AdminError, NO_ADMIN_API } from '../../admin/admin-error.ts';
import { toExcerpt } from '../../keycloak/call.ts';
import { explainAdminError } from '../../keycloak/finding.ts';
import { networkZoneOf } from '../../settings/address.ts';
import {
  adminCheck,
  check,
  type Finding,
  fail,
  failOn,
  kcadmRealm,
  NO_ADMIN,
  NO_EVENTS,
  ok,
  skipped,
  warn,
} from '../check.ts';
import { findForcedOtp, readSignInLevels, type SignInLevels } from '../evidence/flows.ts';
import { findLost, REACH_IT } from '../evidence/user.ts';

const adminLogin = check('admin.login', ['address.keycloak'], async ({ reach, options }) => {
  if (reach.admin === null || options.admin === undefined) return skipped(NO_ADMIN);
  const who = 'username' in options.admin ? options.admin.username : `the client ${options.admin.clientId}`;
  try {
    await reach.admin.connection();
    return ok(`${who} of the realm ${options.admin.realm}`);
  } catch (error) {
    if (!(error instanceof AdminError)) throw error;
    const proxy = judgeProxy(error, reach.caller.serverUrl);
    if (proxy !== undefined) return proxy;
    return fail(
      `HTTP ${error.status} ${error.answer}`.trim(),
      `${who} cannot log in to the Admin API`,
      explainAdminError(error),
    );
  }
});

const adminRights = check('admin.rights', ['admin.login', 'realm.exists'], async ({ reach, options }) => {
  const { admin } = reach;
  if (admin === null) return skipped(NO_ADMIN);
  const views: [string, () => Promise<unknown>][] = [
    ['view-realm', admin.realm],
    ['view-clients', admin.client],
    ...(options.username === undefined
      ? []
      : [['view-users', admin.user] as [string, () => Promise<unknown>]]),
  ];
  const lacking: string[] = [];
  for (const [role, look] of views) {
    try {
      await look();
    } catch (error) {
      if (!(error instanceof AdminError)) throw error;
      const proxy = judgeProxy(error, reach.caller.serverUrl);
      if (proxy !== undefined) return proxy;
      if (error.kind !== 'forbidden') throw error;
      lacking.push(role);
    }
  }
  if (lacking.length === 0) return ok('this admin may look at the realm');
  const who =
    options.admin && 'clientId' in options.admin
      ? `Clients > ${options.admin.clientId} > Service account roles`
      : 'Users > the admin > Role mapping';
  return fail(
    `HTTP 403 for ${lacking.join(', ')}`,
    `this admin may not look at everything: it lacks ${lacking.join(', ')} of '${reach.caller.realm}'`,
    `${who} > Assign role > Filter by clients: realm-management ${lacking.join(', ')} (for an admin of the realm master: ${reach.caller.realm}-realm)`,
  );
});

/** Keycloak refuses in JSON, and accepts a token that it just issued. Anything else comes from a proxy. */
function judgeProxy({ kind, status, answer, message }: AdminError, serverUrl: string): Finding | undefined {
  if (status === 401 && /^HTTP 401/.test(answer))
    return fail(
      `HTTP 401 ${answer}`,
      "the Admin API says that it was asked without a token that it knows, right after the admin's login: something on the way takes the Authorization header away, or tokens of the admin's realm are refused by a not-before",
      'Let the proxy in front of Keycloak pass the Authorization header on. Then look at the not-before of the realm of the admin (Sessions > Action > Revocation).',
    );
  const isWhole = status >= 400 && answer !== '' && !answer.includes('<');
  if (isWhole || message.endsWith(NO_ADMIN_API)) return undefined;
  const isSilent = kind === 'unreachable';
  return fail(
    isSilent ? message : `HTTP ${status} ${toExcerpt(answer)}`.trim(),
    `a proxy or firewall in front of Keycloak keeps calls of the admin from it${isSilent ? '' : ` (HTTP ${status}): the answer is not Keycloak's`}`,
    `Run the doctor where ${serverUrl}/admin/ and the realm of the admin can be reached, with KEYCLOAK_SERVER_URL of an inner address; to hide /admin/ from the internet is right.`,
  );
}

export const ADMIN_ACCESS_CHECKS = [adminLogin, adminRights];

/** A not-before in the future makes every new token invalid. */
const notBefore = adminCheck('realm.not-before', 'realm.exists', async (admin, { reach }) => {
  const { caller } = reach;
  const [realm, client] = [(await admin.realm())?.notBefore ?? 0, (await admin.client())?.notBefore ?? 0];
  const now = Date.now() / 1000 + 5;
  const at = (seconds: number) => new Date(seconds * 1000).toISOString();
  if (realm > now)
    return fail(
      at(realm),
      `the not-before of the realm '${caller.realm}' is in the future: every token is refused until then`,
      `Sessions > Action > Revocation > Clear\n${kcadmRealm(caller.realm, 'notBefore=0')}`,
    );
  if (client > now)
    return fail(
      at(client),
      `the not-before of the client '${caller.clientId}' is in the future: every token of it is refused until then`,
      `Clients > ${caller.clientId} > Advanced > Revocation > Clear`,
    );
  const latest = Math.max(realm, client);
  return ok(latest === 0 ? 'none' : `tokens from before ${at(latest)} are refused`);
});

const realmSettings = adminCheck('realm.settings', 'realm.exists', async (admin, { reach }) => {
  const realm = await admin.realm();
  if (realm === undefined) return skipped('the realm is not there');
  const name = reach.caller.realm;
  if (realm.sslRequired === 'none' && reach.caller.serverUrl.startsWith('https:'))
    return warn(
      'Require SSL: none',
      'the realm lets anybody log in over plain HTTP',
      `Realm settings > General > Require SSL = External requests\n${kcadmRealm(name, 'sslRequired=EXTERNAL')}`,
    );
  const [idle = 1800, lifespan = 300] = [realm.ssoSessionIdleTimeout, realm.accessTokenLifespan];
  if (idle > 0 && idle < 120)
    return warn(
      `SSO session idle: ${idle} s`,
      `sessions end after ${idle} s without a refresh, and the tokens with them (access tokens live ${lifespan} s)`,
      'Realm settings > Sessions > SSO Session Idle: 30 minutes is usual',
    );
  // On a developer's own machine nobody guesses.
  const isLocal = networkZoneOf(new URL(reach.caller.serverUrl).hostname) === 'this-machine';
  if (!realm.bruteForceProtected && !isLocal)
    return warn(
      'brute force protection: off',
      'nothing limits how often somebody may guess a password',
      `Realm settings > Security defenses > Brute force detection\n${kcadmRealm(name, 'bruteForceProtected=true')}`,
    );
  const protection = realm.bruteForceProtected
    ? `on, ${realm.failureFactor} failures`
    : 'off, which is for development alone';
  const rotation = realm.revokeRefreshToken ? `on, reuse ${realm.refreshTokenMaxReuse ?? 0}` : 'off';
  return ok(
    `SSL required: ${realm.sslRequired}; brute force protection: ${protection}; refresh token rotation: ${rotation}`,
  );
});

const realmFederation = adminCheck('realm.federation', 'realm.exists', async (admin) => {
  const all = await admin.federations();
  if (all.length === 0) return ok('none: the users are in Keycloak itself');
  const lost = await findLost(admin);
  const names = all.map(({ name }) => name).join(', ');
  if (lost.length === 0) return ok(names);
  return fail(names, `Keycloak does not reach ${lost.join(', ')}: their users cannot log in`, REACH_IT);
});

const realmWorkflows = adminCheck('realm.workflows', 'realm.exists', async (admin, { reach }) => {
  if (!reach.config.events) return skipped(NO_EVENTS);
  const names = await admin.workflows();
  if (names.length === 0) return ok('none');
  return warn(
    names.join(', '),
    'workflows disable and delete users and take roles away without an event: such a token stays good here for up to half an hour',
    'in the library kc.events({ recheckSeconds: 30 }); for the service KEYCLOAK_EVENTS=off; leave it where the workflows do nothing of this',
  );
});

const KNOWN = /^(direct-grant-validate-(username|password|otp)|conditional-.*)$/;

/** A flow that shows a page to everybody has been seen before; one that denies after the password has not. */
const flowDirectGrant = adminCheck('flow.direct-grant', 'client.password-grant', async (admin) => {
  const { alias, steps } = await admin.flow();
  const seen = `${alias}: ${steps
    .filter((step) => !step.authenticationFlow)
    .map((step) => `${step.displayName} ${step.requirement}`)
    .join(', ')}`;
  const say = failOn(seen);
  const page = `Authentication > Flows > ${alias}`;
  const required = steps.filter((step) => step.requirement === 'REQUIRED' && !step.authenticationFlow);
  const checksPassword = required.some((step) => /password/i.test(step.providerId ?? ''));
  if (steps.length > 0 && !checksPassword)
    return say(
      `the flow '${alias}' does not check the password: anybody can log in as anybody`,
      `${page} > Password = REQUIRED`,
    );
  const otp = findForcedOtp(steps);
  if (otp !== undefined)
    return say(
      `the flow '${alias}' requires an OTP of everybody, and POST /login sends none`,
      `${page} > ${otp.displayName}: inside Conditional OTP, or DISABLED`,
    );
  const deny = required.find(
    ({ providerId, level }) => providerId === 'deny-access-authenticator' && level === 0,
  );
  if (deny !== undefined)
    return say(`the flow '${alias}' denies every login`, `${page}: take out '${deny.displayName}'`);
  const others = required.filter((step) => !KNOWN.test(step.providerId ?? ''));
  if (others.length > 0)
    return warn(
      seen,
      `the flow '${alias}' has steps of its own (${others.map((step) => step.displayName).join(', ')}): they may want what POST /login does not send`,
      `If logins fail: ${page}`,
    );
  return ok(seen);
});

const flowLevels = adminCheck('flow.levels', 'realm.exists', async (admin, { reach, options }) => {
  const levels = await readSignInLevels(admin, reach.caller.realm);
  return explainLevels(levels, options.acr, reach.caller.clientId);
});

/**
 * Whether a sign-in can reach the levels that guards ask for. If not, Keycloak does not say so: it signs the person in as
 * before.
 *
 * @param required values of `acr` that guards ask for; if empty, the names in the mapping
 */
export function explainLevels(levels: SignInLevels, required: readonly string[], clientId: string): Finding {
  const { map, mappedBy, defaults, flow, conditions, isInToken } = levels;
  const seen = toSeen(levels);
  const mapping = `Clients > ${clientId} > Advanced > ACR to LoA Mapping`;
  const levelOf = (acr: string) => map.get(acr) ?? (/^\d+$/.test(acr) ? Number(acr) : undefined);

  const unnamed = [...required, ...defaults].filter((acr) => levelOf(acr) === undefined);
  if (unnamed.length > 0) {
    const isRequired = unnamed.some((acr) => required.includes(acr));
    return (isRequired ? fail : warn)(
      seen,
      `${unnamed.join(', ')} is in no ACR to LoA Mapping of the client or the realm: Keycloak ignores it, and guards go on refusing`,
      `${mapping}: ${unnamed.map((acr) => `${acr} = <its level>`).join(', ')}${
        mappedBy === 'client' ? '' : ' (a mapping of the client replaces that of the realm)'
      }`,
    );
  }
  const relevant = required.length > 0 ? required : [...map.keys()];
  // Every sign-in reaches level 1, even in a flow without levels.
  const isReached = (level: number) => level <= 1 || conditions.includes(level);
  const unreached = relevant.filter((acr) => !isReached(levelOf(acr) as number));
  if (unreached.length > 0) {
    const levelNames = unreached.map((acr) => `${acr} (${levelOf(acr)})`).join(', ');
    return (required.length > 0 ? fail : warn)(
      seen,
      conditions.length === 0
        ? `the browser flow '${flow}' has no step for a level: nobody reaches ${levelNames}`
        : `the browser flow '${flow}' has no step for ${levelNames}`,
      `Authentication > Flows > ${flow} > a conditional sub-flow with 'Condition - Level of Authentication' = ${levelOf(
        unreached[0] as string,
      )} and the second factor; docs/sensitive-routes.md has the whole flow`,
    );
  }
  if (relevant.length === 0) return skipped(`no level to look for (--acr): ${seen}`);
  if (!isInToken)
    return (required.length > 0 ? fail : warn)(
      seen,
      'the client does not have the scope acr: its tokens do not say how somebody signed in',
      `Clients > ${clientId} > Client scopes > Add client scope > acr, as default`,
    );
  return ok(seen);
}

function toSeen({ map, mappedBy, defaults, flow, conditions }: SignInLevels): string {
  const names = [...map].map(([acr, level]) => `${acr} ${level}`).join(', ');
  return [
    mappedBy === undefined ? 'no mapping' : `${mappedBy}: ${names}`,
    `${flow}: ${conditions.length === 0 ? 'no levels' : `levels ${conditions.join(', ')}`}`,
    ...(defaults.length > 0 ? [`by default ${defaults.join(', ')}`] : []),
  ].join('; ');
}

export const REALM_ADMIN_CHECKS = [
  notBefore,
  realmSettings,
  realmFederation,
  realmWorkflows,
  flowDirectGrant,
  flowLevels,
];
