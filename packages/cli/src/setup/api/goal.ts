import type { Need } from '../../access/access.ts';
import type { SetupGoal, UserGoal } from '../../admin/goal.ts';
import { BUILT_IN } from '../../admin/tenant/realm.ts';
import { UsageError } from '../../settings/usage-error.ts';
import { needClientId, needRealm } from '../visit.ts';
import type { ApiOptions } from './options.ts';

/** Keycloak has these, or reads them itself. */
const USUAL_SCOPES: ReadonlySet<string> = new Set([
  'openid',
  'profile',
  'email',
  'offline_access',
  'organization',
  'roles',
]);

export type StdinSecrets = Partial<Record<'admin-password' | 'user-password', string>>;

/**
 * Completes the target of the set-up: by the options, and by a person's answers.
 *
 * @param canAsk whether there is a person who can be asked
 * @throws {UsageError} for a client that Keycloak makes
 */
export async function completeGoal(
  options: ApiOptions,
  stdin: StdinSecrets,
  need: Need,
  canAsk: boolean,
  serverUrl: string,
): Promise<SetupGoal> {
  const hasDefaults = options.yes || options.dryRun;
  const realm = await needRealm(options.access, hasDefaults, need);
  const clientId = await needClientId(options.clientId, hasDefaults, need);
  // Changed, it would keep administrators and people out.
  if (BUILT_IN.test(clientId) && !clientId.endsWith('-realm'))
    throw new UsageError([`${clientId} is a client of Keycloak's own: choose another one (--client-id)`]);
  const where = `realm ${realm}, at ${serverUrl}`;
  const user = options.withoutUser ? undefined : await completeUser(options, stdin, need, canAsk, where);
  const { guards } = options;
  const both = (list: readonly string[], more: readonly string[] = []) => [...new Set([...list, ...more])];
  return {
    ...options,
    realm,
    clientId,
    user,
    realmRoles: both(options.realmRoles, guards?.realmRoles),
    clientRoles: both(options.clientRoles, guards?.clientRoles),
    groups: both(options.groups, guards?.groups),
    scopes: both(
      options.scopes,
      guards?.scopes.filter((scope) => !USUAL_SCOPES.has(scope)),
    ),
    // A guard that names the role admin does not make the user an admin.
    grant: options,
  };
}

/** A user is made only if one is asked for: by name, or by a person at the terminal. */
async function completeUser(
  { user }: ApiOptions,
  stdin: StdinSecrets,
  need: Need,
  canAsk: boolean,
  where: string,
): Promise<UserGoal | undefined> {
  if (user.username === undefined && !canAsk) return undefined;
  const username = await need(user.username, (q) => q.text(`User to log in with (${where})`, 'abdullah'), '');
  const ask = (question: Parameters<Need>[1]) => (canAsk ? need(undefined, question, '') : undefined);
  const usual = suggestName(username);
  const fullName = user.name ?? (await ask((q) => q.text('Full name', usual))) ?? usual;
  const known = stdin['user-password'] ?? user.password;
  const password = known ?? (await ask((q) => q.secret(`Password for ${username} (${where})`)));
  const names = fullName.trim().split(/\s+/);
  return {
    username,
    password,
    email: user.email ?? `${username.replace(/[^\w.+-]/g, '.')}@example.com`,
    firstName: names[0] ?? username,
    lastName: names.slice(1).join(' ') || 'Example',
    resetPassword: user.resetPassword,
  };
}

/** The guide's user has a name; others get a visibly made-up one. */
function suggestName(username: string): string {
  const first = username.charAt(0).toUpperCase() + username.slice(1);
  return username === 'abdullah'
    ? 'Abdullah Alqahtani'
    : `${first.replace(/[^\p{L}\p{N}.'-]/gu, '-')} Example`;
}
