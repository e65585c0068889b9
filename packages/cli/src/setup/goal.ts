import type { AdminCredentials, SetupGoal, UserGoal } from '../admin/index.ts';
import type { Questions } from '../terminal/questions.ts';
import { UsageError } from '../usage-error.ts';
import type { SetupOptions } from './options.ts';

/** Passwords that came in on standard input. */
export type StdinSecrets = Partial<Record<'admin-password' | 'user-password', string>>;

/** Everything setup needs to know. */
export interface SetupInput {
  readonly serverUrl: string;
  readonly credentials: AdminCredentials | undefined;
  readonly goal: SetupGoal;
}

/**
 * Puts together what is known, and asks for the rest where there is somebody to ask.
 *
 * @throws {UsageError} naming everything that is missing, when there is nobody to ask
 */
export async function completeInput(
  options: SetupOptions,
  stdin: StdinSecrets,
  questions: Questions | undefined,
): Promise<SetupInput> {
  const problems: string[] = [];
  const need = async (known: string | undefined, ask: (q: Questions) => Promise<string>, missing: string) => {
    if (known !== undefined && known !== '') return known;
    if (questions !== undefined) return ask(questions);
    problems.push(missing);
    return '';
  };

  const serverUrl = await need(
    options.serverUrl,
    (q) => q.text('Address of Keycloak', 'http://localhost:8080'),
    'the address of Keycloak is missing: give --url or KEYCLOAK_SERVER_URL, for example http://localhost:8080',
  );
  // A realm file needs no admin.
  const credentials =
    options.exportFile === undefined ? await completeAdmin(options, stdin, need) : undefined;
  const user =
    options.withoutUser || options.mcp !== undefined || options.audienceFor !== undefined
      ? undefined
      : await completeUser(options, stdin, need, questions !== undefined);
  if (problems.length > 0) throw new UsageError(problems);

  const goal: SetupGoal = {
    realm: options.realm,
    clientId: options.clientId,
    clientSecret: options.clientSecret,
    appUrl: options.appUrl,
    backchannelLogoutUrl: {
      url: options.backchannelUrl ?? `${options.appUrl}/backchannel-logout`,
      replace: options.backchannelUrl !== undefined,
    },
    user,
    realmRoles: options.realmRoles,
    clientRoles: options.clientRoles,
    groups: options.groups,
    enable: options.enable,
  };
  return { serverUrl, credentials, goal };
}

type Need = (
  known: string | undefined,
  ask: (q: Questions) => Promise<string>,
  missing: string,
) => Promise<string>;

async function completeAdmin(
  { admin }: SetupOptions,
  stdin: StdinSecrets,
  need: Need,
): Promise<AdminCredentials> {
  const realm = admin.realm ?? 'master';
  if (admin.clientId !== undefined) {
    const clientId = admin.clientId;
    const clientSecret = await need(
      stdin['admin-password'] ?? admin.clientSecret,
      (q) => q.secret(`Secret of the admin client ${clientId}`),
      'the secret of the admin client is missing: set KEYCLOAK_ADMIN_CLIENT_SECRET, or use --admin-password-stdin',
    );
    return { realm, clientId, clientSecret };
  }
  const username = await need(
    admin.username,
    (q) => q.text('Admin user of Keycloak', 'admin'),
    'the admin is missing: give --admin-user or KEYCLOAK_ADMIN_USER (or --admin-client-id for a service account)',
  );
  const password = await need(
    stdin['admin-password'] ?? admin.password,
    (q) => q.secret(`Password of ${username}`),
    "the admin's password is missing: set KEYCLOAK_ADMIN_PASSWORD, or use --admin-password-stdin",
  );
  return { realm, username, password, totp: admin.totp };
}

/** A user is made only where one is asked for: by name, or by a person at the terminal. */
async function completeUser(
  { user }: SetupOptions,
  stdin: StdinSecrets,
  need: Need,
  isAsked: boolean,
): Promise<UserGoal | undefined> {
  if (user.username === undefined && !isAsked) return undefined;
  const username = await need(user.username, (q) => q.text('User to log in with', 'abdullah'), '');
  const fullName =
    user.name ??
    (isAsked
      ? await need(undefined, (q) => q.text('Full name', suggestName(username)), '')
      : suggestName(username));
  const known = stdin['user-password'] ?? user.password;
  const password =
    known ?? (isAsked ? await need(undefined, (q) => q.secret(`Password for ${username}`), '') : undefined);
  const names = fullName.trim().split(/\s+/);
  return {
    username,
    password,
    email: user.email ?? `${username.replace(/[^\w.+-]/g, '.')}@example.com`,
    firstName: names[0] ?? username,
    lastName: names.slice(1).join(' ') || 'Example',
    resetPassword: user.resetPassword,
    attributes: user.attributes,
  };
}

/** The guide's user has a name; others get one that is visibly made up. */
function suggestName(username: string): string {
  const first = username.charAt(0).toUpperCase() + username.slice(1);
  return username === 'abdullah'
    ? 'Abdullah Alqahtani'
    : `${first.replace(/[^\p{L}\p{N}.'-]/gu, '-')} Example`;
}
