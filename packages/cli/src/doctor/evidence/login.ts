import { type Answer, toNoAnswer } from '../../keycloak/call.ts';
import type { RealmCalls } from '../../keycloak/realm-calls.ts';
import { memo } from './memo.ts';

/** One login of the test user, and the calls that follow it. Each is made once. */
export type LoginEvidence = ReturnType<typeof createLoginEvidence>;

/**
 * @param findDanger returns why a login must not be tried, because it could lock the user; `undefined` if it may
 */
export function createLoginEvidence(
  calls: RealmCalls,
  user: { readonly username: string; readonly password: string },
  findDanger: () => Promise<string | undefined>,
) {
  let isOpen = false;
  let refreshToken = '';
  const keep = (answer: Answer): Answer => {
    if (typeof answer.json?.refresh_token === 'string') refreshToken = answer.json.refresh_token;
    return answer;
  };
  const login = memo(async () => {
    const danger = await findDanger();
    if (danger !== undefined) return toNoAnswer('', new Error(`not tried: ${danger}`));
    const answer = keep(await calls.passwordGrant(user.username, user.password));
    isOpen = typeof answer.json?.access_token === 'string';
    return answer;
  });
  const token = async () => {
    const value = (await login()).json?.access_token;
    return typeof value === 'string' ? value : undefined;
  };
  const logout = memo(async () => {
    await login();
    isOpen = false;
    return calls.logout(refreshToken);
  });
  return {
    login,
    /** The access token, if the login succeeded. */
    token,
    userinfo: memo(async () => calls.userinfo((await token()) ?? '')),
    introspection: memo(async () => calls.introspect((await token()) ?? '')),
    refresh: memo(async () => {
      await login();
      return keep(await calls.refresh(refreshToken));
    }),
    logout,
    userinfoAfterLogout: memo(async () => {
      await logout();
      return calls.userinfo((await token()) ?? '');
    }),
    /** Ends the session if a check left it open. */
    async close() {
      if (isOpen && refreshToken !== '') await logout();
    },
  };
}
