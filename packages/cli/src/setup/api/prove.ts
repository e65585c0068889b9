import { diagnose, toTokenAnswer } from '../../keycloak/diagnose.ts';
import { type Caller, createRealmCalls } from '../../keycloak/realm-calls.ts';
import { toPlainLine } from '../../terminal/style.ts';

export interface Proof {
  readonly what: string;
  readonly ok: boolean;
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

/** Sees that the client's secret is right, without a user: Keycloak answers its question about a token that is none. */
export async function* proveSecret(caller: Caller): AsyncGenerator<Proof> {
  const { status, json, text } = await createRealmCalls(caller).introspect('none');
  const ok = json?.active === false;
  const seen = ok ? 'Keycloak answers the client' : `HTTP ${status} ${text.slice(0, 200)}`;
  yield { what: 'introspection', ok, seen: toPlainLine(seen) };
}

/** Gets a token in a service's own name, and sees that the API takes it. */
export async function* proveService(service: Caller, api: Caller): AsyncGenerator<Proof> {
  const what = `token of ${service.clientId}`;
  const { json, status, text } = await createRealmCalls(service).clientCredentials();
  const token = json?.access_token;
  if (typeof token !== 'string') {
    yield { what, ok: false, seen: toPlainLine(`HTTP ${status} ${text.slice(0, 200)}`) };
    return;
  }
  const answer = await createRealmCalls(api).introspect(token);
  const ok = answer.json?.active === true && [answer.json.aud].flat().includes(api.clientId);
  const seen = ok ? `active, for ${api.clientId}` : `not for ${api.clientId}: ${answer.text.slice(0, 200)}`;
  yield { what, ok, seen: toPlainLine(seen) };
}

export async function* proveLogin(caller: Caller, redirectUri: string): AsyncGenerator<Proof> {
  const query = { response_type: 'code', scope: 'openid', code_challenge_method: 'S256' };
  const own = { client_id: caller.clientId, redirect_uri: redirectUri, code_challenge: 'x'.repeat(43) };
  const { status } = await createRealmCalls(caller).authorize({ ...query, ...own });
  yield { what: `login page for ${caller.clientId}`, ok: status === 200, seen: `HTTP ${status}` };
}
