import type { Advice } from '../../keycloak/finding.ts';
import { toShellWord } from '../../terminal/output.ts';
import type { AdminEvidence } from './admin.ts';

export const REACH_IT =
  "User federation > the provider > Connection URL > Test connection: start the directory, correct the address, or let Keycloak through the firewall; Keycloak's log says why. Users that are in Keycloak alone can log in meanwhile.";

export async function findLost(admin: AdminEvidence): Promise<string[]> {
  const lost: string[] = [];
  for (const one of await admin.federations()) {
    if ((await one.isReached().catch(() => undefined)) === false) lost.push(`'${one.name}' (${one.url})`);
  }
  return lost;
}

/** How a directory may explain that a user is missing or a password refused. `undefined` if it cannot. */
export async function blameFederation(admin: AdminEvidence): Promise<Advice | undefined> {
  const all = await admin.federations().catch(() => []);
  if (all.length === 0) return undefined;
  const lost = await findLost(admin);
  const names = all.map(({ name, url }) => `'${name}' (${url})`).join(', ');
  return lost.length > 0
    ? { cause: `Keycloak does not reach ${lost.join(', ')}, where it takes users from`, fix: REACH_IT }
    : {
        cause: `the realm takes users from ${names} too: is the user there, and in the part of it that Keycloak looks at?`,
        fix: 'User federation > the provider: Users DN, User LDAP filter, and Action > Sync all users',
      };
}

/** @param check the check of the user that it is about: `user.exists` and so on */
const trouble = (check: string, cause: string, fix: string, setup?: readonly string[]) => ({
  check: `user.${check}`,
  cause,
  fix,
  setup,
});

export type UserTrouble = ReturnType<typeof trouble>;

export async function findUserTroubles(admin: AdminEvidence, username: string): Promise<UserTrouble[]> {
  const user = await admin.user();
  const page = `Users > ${username}`;
  if (user === undefined) {
    const [home] = await admin.realmsOfUser().catch(() => []);
    const directory = home === undefined ? await blameFederation(admin) : undefined;
    if (directory !== undefined)
      return [trouble('exists', `the realm has no user '${username}': ${directory.cause}`, directory.fix)];
    const cause = `the realm has no user '${username}'${home === undefined ? '' : `, but the realm '${home}' has one`}`;
    const fix = `${home === undefined ? '' : 'Users of one realm cannot log in at another (choose the realm at the top left of the console). '}Users > Add user, or keycloak-guard setup --user ${toShellWord(username)}`;
    return [trouble('exists', cause, fix, [])];
  }
  // A password would be one more secret of its client.
  if (username.startsWith('service-account-') && (await admin.credentials()).length === 0)
    return [
      trouble(
        'credentials',
        `'${username}' is the service account of a client: nobody logs in as it with a password`,
        'Name a person: --user, DOCTOR_USER. A client gets tokens for itself by client_credentials.',
      ),
    ];
  const troubles: (UserTrouble | undefined)[] = [];
  const byEmail = username.includes('@') && user.username?.toLowerCase() !== username.toLowerCase();
  if (byEmail && (await admin.realm())?.loginWithEmailAllowed === false)
    troubles.push(
      trouble(
        'exists',
        `'${username}' is an email address, and the realm lets nobody log in with one (the user name is '${user.username}')`,
        `Log in as '${user.username}'; or Realm settings > Login > Login with email ON`,
      ),
    );
  if (user.enabled === false)
    troubles.push(
      trouble('enabled', `the user '${username}' is disabled`, `${page} > Enabled (top right) ON`, [
        '--enable',
      ]),
    );
  troubles.push(
    await findLock(admin, username),
    findActions(user.requiredActions ?? [], page),
    await findMissingFields(admin, username),
    await findUnverified(admin, username),
    ...(await findCredentialTroubles(admin, username)),
  );
  return troubles.filter((one) => one !== undefined);
}

/** Whether brute force protection locked the user. Keycloak's answers do not say so, even to the right password. */
export async function findLock(admin: AdminEvidence, username: string): Promise<UserTrouble | undefined> {
  const [user, attack] = [await admin.user(), await admin.attack()];
  if (user === undefined || attack.disabled !== true) return undefined;
  const until = attack.failedLoginNotBefore ?? 0;
  const isForGood = user.enabled === false;
  const when = isForGood
    ? 'until an admin unlocks it'
    : until * 1000 > Date.now()
      ? `until ${new Date(until * 1000).toISOString()}`
      : 'for a while';
  const { realm = '' } = (await admin.realm()) ?? {};
  return trouble(
    'locked',
    `the user '${username}' is locked ${when} after ${attack.numFailures ?? 'some'} failed logins (brute force protection); the right password is refused too`,
    `Wait, or Users > ${username} > Unlock (Action menu)\nkcadm.sh delete ${toShellWord(`attack-detection/brute-force/users/${user.id}`)} -r ${toShellWord(realm)}`,
  );
}

/** Why a login of the user must not be tried: it could lock the user, or prolong a lock. */
export async function findDanger(admin: AdminEvidence, username: string): Promise<string | undefined> {
  if ((await findLock(admin, username)) !== undefined) return 'the user is locked';
  const [realm, attack] = [await admin.realm(), await admin.attack()];
  if (!realm?.bruteForceProtected) return undefined;
  const left = (realm.failureFactor ?? 30) - (attack.numFailures ?? 0);
  return left <= 1 ? 'a wrong password would lock the user' : undefined;
}

const ACTIONS: Readonly<Record<string, string>> = {
  UPDATE_PASSWORD: 'set a new password (the one it has is temporary)',
  CONFIGURE_TOTP: 'set up an OTP device',
  UPDATE_PROFILE: 'complete the profile',
  VERIFY_PROFILE: 'complete the profile',
  VERIFY_EMAIL: 'verify the email address',
  TERMS_AND_CONDITIONS: 'accept the terms',
  terms_and_conditions: 'accept the terms',
};

function findActions(actions: readonly string[], page: string): UserTrouble | undefined {
  if (actions.length === 0) return undefined;
  const names = actions.map((action) => `${ACTIONS[action] ?? 'do'} (${action})`);
  const isPassword = actions.includes('UPDATE_PASSWORD');
  const fixes = [
    isPassword ? `${page} > Credentials > Reset password with Temporary OFF` : undefined,
    `${page} > Details > Required user actions: take out ${actions.join(', ')}`,
    'or let the user do it once in a browser',
  ];
  const isEasy = actions.every((action) =>
    // Only its owner may replace a temporary password.
    ['UPDATE_PROFILE', 'VERIFY_PROFILE'].includes(action),
  );
  const cause = `the user has to do something first: ${names.join(', ')}`;
  return trouble('required-actions', cause, fixes.filter(Boolean).join('; '), isEasy ? [] : undefined);
}

async function findMissingFields(admin: AdminEvidence, username: string): Promise<UserTrouble | undefined> {
  const user = await admin.user();
  const required = await admin.requiredAttributes();
  const fieldOf = (name: string): unknown =>
    ({ username: user?.username, email: user?.email, firstName: user?.firstName, lastName: user?.lastName })[
      name
    ] ?? user?.attributes?.[name]?.[0];
  const missing = required.filter((name) => !fieldOf(name));
  if (missing.length === 0) return undefined;
  return trouble(
    'profile',
    `the profile of '${username}' lacks ${missing.join(', ')}, which the realm requires of every user`,
    `Users > ${username} > Details: fill ${missing.join(', ')}; or Realm settings > User profile > ${missing[0]} > Required field OFF`,
    missing.every((name) => ['email', 'firstName', 'lastName'].includes(name)) ? [] : undefined,
  );
}

async function findUnverified(admin: AdminEvidence, username: string): Promise<UserTrouble | undefined> {
  const [realm, user] = [await admin.realm(), await admin.user()];
  if (!realm?.verifyEmail || user?.emailVerified !== false) return undefined;
  return trouble(
    'profile',
    `the realm wants verified email addresses, and that of '${username}' is not`,
    `Users > ${username} > Details > Email verified ON; or Realm settings > Login > Verify email OFF`,
  );
}

async function findCredentialTroubles(admin: AdminEvidence, username: string): Promise<UserTrouble[]> {
  const [user, credentials, flow] = [await admin.user(), await admin.credentials(), await admin.flow()];
  const troubles: UserTrouble[] = [];
  const password = credentials.find(({ type }) => type === 'password');
  const page = `Users > ${username} > Credentials`;
  // The password of an LDAP user is in the directory.
  if (password === undefined && !user?.federationLink)
    troubles.push(
      trouble(
        'credentials',
        `the user '${username}' has no password`,
        `${page} > Set password, Temporary OFF`,
        [],
      ),
    );
  const otp = credentials.find(({ type }) => type === 'otp');
  const asksOtp = flow.steps.some(
    (step) => /otp/i.test(step.providerId ?? '') && step.requirement === 'REQUIRED',
  );
  const isOff = flow.steps.some(
    (step) =>
      step.authenticationFlow && /otp/i.test(step.displayName ?? '') && step.requirement === 'DISABLED',
  );
  if (otp !== undefined && asksOtp && !isOff)
    troubles.push(
      trouble(
        'credentials',
        `the user '${username}' has an OTP device ('${otp.userLabel ?? 'no label'}'), and the flow '${flow.alias}' asks for its code, which POST /login does not send`,
        `Use the browser login for such users. Or ${page}: delete the OTP device. Or Authentication > Flows > ${flow.alias} > Conditional OTP = DISABLED. (A client of Keycloak's own endpoint can send the form field 'totp'.)`,
      ),
    );
  const days = Number(
    /forceExpiredPasswordChange\((\d+)\)/.exec((await admin.realm())?.passwordPolicy ?? '')?.[1],
  );
  if (
    password?.createdDate !== undefined &&
    Number.isFinite(days) &&
    Date.now() - password.createdDate >= days * 86_400_000
  )
    troubles.push(
      trouble(
        'credentials',
        `the password of '${username}' is older than the ${days} days that the realm's password policy allows`,
        `${page} > Reset password (Temporary OFF); or Authentication > Policies > Password policy > Expire password`,
      ),
    );
  return troubles;
}
