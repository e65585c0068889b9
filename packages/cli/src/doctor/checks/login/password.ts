import { type Answer, toExcerpt, toWords } from '../../../keycloak/call.ts';
import { judgeStranger } from '../../../keycloak/finding.ts';
import {
  type Check,
  check,
  diagnosed,
  type Finding,
  fail,
  failOn,
  ok,
  refusalOf,
  type Say,
  skipped,
} from '../../check.ts';
import type { Reach } from '../../context.ts';
import type { FlowStep } from '../../evidence/flows.ts';
import { blameFederation, findLock, findUserTroubles, type UserTrouble } from '../../evidence/user.ts';

const ASK_AN_ADMIN =
  'Only an admin can see which: run the doctor with KEYCLOAK_ADMIN_USER and KEYCLOAK_ADMIN_PASSWORD set.';

/** Why the test user could not log in: exactly, if an admin may look; otherwise everything that it can be. */
async function explainLogin(answer: Answer, username: string, reach: Reach): Promise<Finding> {
  const words = refusalOf(answer);
  const say = failOn(toWords(answer));
  const troubles = await (reach.admin && findUserTroubles(reach.admin, username).catch(() => undefined));
  if (/invalid_grant/.test(words) && troubles && troubles.length > 0) return toFinding(say, troubles);
  if (/not fully set ?up/i.test(words)) return notSetUp(say, username, Boolean(troubles));
  if (/account (is )?(temporarily )?disabled/i.test(words))
    return say(`the user '${username}' is disabled`, `Users > ${username} > Enabled (top right) ON`, [
      '--enable',
    ]);
  if (/invalid user credentials/i.test(words))
    return troubles ? wrongPassword(say, username, reach) : badCredentials(say, username);
  const stranger = judgeStranger(answer);
  if (stranger !== undefined) return stranger;
  if (answer.status >= 500) return serverError(say, reach);
  if (/offline tokens not allowed/i.test(words)) return noOffline(say, username, reach);
  if (answer.json === undefined && answer.text.includes('<'))
    return flowSaysNo(say, toExcerpt(answer.text), username, reach);
  if (/mtls|certification missing/i.test(words))
    return say(
      'the client binds tokens to a TLS client certificate, which this service does not have',
      `Clients > ${reach.caller.clientId} > Advanced > OAuth 2.0 Mutual TLS Certificate Bound Access Tokens Enabled OFF`,
    );
  return diagnosed(reach, answer);
}

/** The client itself asks for the scope, as one of its defaults. */
function noOffline(say: Say, username: string, { caller }: Reach): Finding {
  return say(
    `offline tokens are not allowed for '${username}': every login of the client '${caller.clientId}' asks for the scope offline_access (a Default scope of it), and the user does not have the role offline_access, which it requires`,
    `Users > ${username} > Role mapping > Assign role: offline_access (or put it back into the realm's default roles). Or Clients > ${caller.clientId} > Client scopes: offline_access as Optional, so that only logins that ask for it need the role.`,
  );
}

/** Unknown users are refused in JSON, so a page comes from a step of the flow after the password. */
async function flowSaysNo(say: Say, words: string, username: string, reach: Reach): Promise<Finding> {
  const flow = await reach.admin?.flow().catch(() => undefined);
  const page = `Authentication > Flows > ${flow?.alias ?? "the flow that is bound as 'direct grant'"}`;
  if (/too many sessions|session limit/i.test(words))
    return say(
      `'${username}' has as many sessions as the realm allows one user (User session count limiter of the login flow${flow ? ` '${flow.alias}'` : ''})`,
      `Users > ${username} > Sessions > Logout all sessions; or ${page} > User session count limiter > Settings: a higher limit, or 'Terminate oldest session'`,
    );
  const own = ownSteps(flow?.steps ?? []);
  const stepNames =
    own.length > 0 ? ` (its own steps: ${own.map((step) => step.displayName).join(', ')})` : '';
  return say(
    `the password is right, but a later step of the login flow${flow ? ` '${flow.alias}'` : ''} refuses '${username}'${stepNames}: ${words}`,
    `${page}: look at the steps after Password and at their conditions (roles, limits, deny access), or bind Keycloak's own 'direct grant' flow`,
  );
}

function toFinding(say: Say, troubles: readonly UserTrouble[]): Finding {
  const setup = troubles.find((one) => one.setup !== undefined)?.setup;
  return say(troubles.map(({ cause }) => cause).join('; '), troubles.map(({ fix }) => fix).join('\n'), setup);
}

function notSetUp(say: Say, username: string, isAdmin: boolean): Finding {
  if (isAdmin)
    return say(
      `the password is right, but Keycloak wants something of '${username}' first. No required action is set and no required field is empty: a value of the profile is not valid by a validator of Realm settings > User profile (or longer than 2,048 characters, where it is outside of that profile), or a step of the login flow asks for more`,
      `Let the user log in once in a browser: Keycloak shows there what it wants. Then Realm settings > User profile, and Authentication > Required actions.`,
    );
  return say(
    `the password is right, but '${username}' has to do something first: a temporary password, a missing email, first or last name, a value that the user profile does not allow, an OTP device to set up, terms to accept, or an email to verify. ${ASK_AN_ADMIN}`,
    `Users > ${username} > Details: fill Email, First name, Last name; remove all Required user actions. Credentials > Reset password with Temporary OFF. Or let the user log in once in a browser.`,
    [],
  );
}

function badCredentials(say: Say, username: string): Finding {
  return say(
    `Keycloak does not take this user name and password. It says the same of a wrong password, a disabled user (unless the password is right), an unknown user '${username}', an email address where the realm wants the user name, a user who has an OTP device (the code is not sent), a user of a directory (LDAP) that Keycloak does not reach, and a user who is locked after failed logins. ${ASK_AN_ADMIN}`,
    `Users > ${username}: is the user there, and Enabled ON? Credentials > Reset password (Temporary OFF). Locked: wait, or Authentication > Policies > Brute force detection; Users > ${username} > Unlock.`,
  );
}

async function wrongPassword(say: Say, username: string, { admin }: Reach): Promise<Finding> {
  const isLinked = Boolean((await admin?.user().catch(() => undefined))?.federationLink);
  const directory = isLinked && admin ? await blameFederation(admin) : undefined;
  if (directory !== undefined)
    return say(
      `the password of '${username}' is wrong, or its directory does not take it: ${directory.cause}`,
      `Correct DOCTOR_PASSWORD. ${directory.fix}`,
    );
  return say(
    `the password of '${username}' is wrong: the user is there, enabled, not locked, and has a password`,
    `Correct DOCTOR_PASSWORD, or Users > ${username} > Credentials > Reset password (Temporary OFF)`,
  );
}

async function serverError(say: Say, reach: Reach): Promise<Finding> {
  const suspects = await findSuspects(reach);
  const unusual = suspects.length === 0 ? '' : ` What is unusual here: ${suspects.join('; ')}`;
  return say(
    `Keycloak failed while logging the user in; unknown users are refused properly, so it is about what comes after the password: this user, the login flow, the mappers or the keys of the client.${unusual}`,
    `Look into Keycloak's log for the stack trace of this moment. Then set back what is unusual: Authentication > Flows (a step without its settings fails), Clients > ${reach.caller.clientId} > Advanced > Fine grain OpenID Connect configuration (ID token encryption needs a key of the client).`,
  );
}

const ownSteps = (steps: readonly FlowStep[]): FlowStep[] =>
  steps.filter(
    ({ providerId, requirement }) =>
      providerId !== undefined &&
      requirement !== 'DISABLED' &&
      !/^(direct-grant-validate-|conditional-)/.test(providerId),
  );

async function findSuspects({ admin }: Reach): Promise<string[]> {
  const flow = await admin?.flow().catch(() => undefined);
  const attributes = (await admin?.client().catch(() => undefined))?.attributes ?? {};
  return [
    ...ownSteps(flow?.steps ?? []).map(
      (step) => `the step '${step.displayName}' of the flow '${flow?.alias}'`,
    ),
    ...Object.entries(attributes)
      .filter(([name, value]) => /\.(alg|enc)$/.test(name) && value)
      .map(([name, value]) => `${name} = ${value} of the client`),
  ];
}

export const loginPassword = check(
  'login.password',
  ['client.password-grant'],
  async ({ reach, options }) => {
    const username = options.username;
    if (reach.login === null || username === undefined)
      return skipped(
        username === undefined ? 'no user (--user)' : 'no password of the user (DOCTOR_PASSWORD)',
      );
    // An admin can see a lock without a login, which could prolong it.
    const lock = reach.admin ? await findLock(reach.admin, username).catch(() => undefined) : undefined;
    if (lock !== undefined) return fail('not tried: the user is locked', lock.cause, lock.fix, lock.setup);
    const answer = await reach.login.login();
    if ((await reach.login.token()) !== undefined)
      return ok(`${username} logged in (${Math.round(answer.tookMs)} ms)`);
    if (answer.failure?.startsWith('not tried')) return skipped(answer.failure);
    return explainLogin(answer, username, reach);
  },
);

function aboutUser(id: string, good: string): Check {
  return check(
    id,
    id === 'user.exists' ? ['admin.login', 'realm.exists'] : ['user.exists'],
    async ({ reach, options }) => {
      if (reach.admin === null || options.username === undefined) return skipped('no user (--user)');
      const all = await findUserTroubles(reach.admin, options.username);
      const troubles = all.filter((one) => one.check === id);
      if (troubles.length === 0) return ok(good);
      const login = await reach.login?.login();
      // A trouble that did not keep the user out is none.
      if (typeof login?.json?.access_token === 'string') return ok('the user logged in as it is');
      return toFinding(failOn(`the user ${options.username}`), troubles);
    },
  );
}

export const USER_CHECKS: readonly Check[] = [
  aboutUser('user.exists', 'there'),
  aboutUser('user.enabled', 'on'),
  aboutUser('user.locked', 'not locked'),
  aboutUser('user.required-actions', 'none'),
  aboutUser('user.profile', 'complete'),
  aboutUser('user.credentials', 'a password that lasts'),
];
