import { diagnose } from '../../keycloak/diagnose.ts';
import { type Caller, createRealmCalls } from '../../keycloak/realm-calls.ts';
import { toTokenAnswer } from '../../keycloak/token-answer.ts';
import { toPlainLine } from '../../terminal/style.ts';

/** One thing that was tried after setting up. */
export interface Proof {
  readonly what: string;
  readonly ok: boolean;
  /** What was seen; where it failed, with cause and fix. */
  readonly seen: string;
}

/** Logs in, asks userinfo, introspects, logs out, and sees that the session is gone. Stops at the first failure. */
export async function* prove(caller: Caller, username: string, password: string): AsyncGenerator<Proof> {
  const calls = createRealmCalls(caller);
  const login = await calls.passwordGrant(username, password, 'openid');
  const token = login.json?.access_token;
  if (typeof token !== 'string') {
    const { cause, fix } = diagnose(toTokenAnswer(login, caller));
    yield { what: `log in as ${username}`, ok: false, seen: toPlainLine(`${cause}. ${fix}`) };
    return;
  }
  yield {
    what: `log in as ${username}`,
    ok: true,
    seen: toPlainLine(`token for ${login.json?.expires_in} s`),
  };

  const userinfo = await calls.userinfo(token);
  const name = [userinfo.json?.name, userinfo.json?.email].filter(Boolean).join(', ');
  const challenge = userinfo.headers.get('www-authenticate') ?? '';
  yield {
    what: 'userinfo',
    ok: userinfo.status === 200,
    seen: toPlainLine(userinfo.status === 200 ? name : `HTTP ${userinfo.status} ${challenge}`),
  };

  const introspection = await calls.introspect(token);
  const isActive = introspection.json?.active === true;
  yield {
    what: 'introspection',
    ok: isActive,
    seen: isActive
      ? 'active'
      : toPlainLine(`HTTP ${introspection.status} ${introspection.text.slice(0, 200)}`),
  };

  const logout = await calls.logout(String(login.json?.refresh_token ?? ''));
  const after = await calls.userinfo(token);
  const isGone = logout.status === 204 && after.status === 401;
  yield {
    what: 'logout',
    ok: isGone,
    seen: isGone ? 'the session is gone' : `HTTP ${logout.status}, then userinfo ${after.status}`,
  };
}
