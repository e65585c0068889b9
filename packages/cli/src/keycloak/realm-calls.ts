import { type Credential, createIssuer } from 'keycloak-guard';
import { type Answer, call, toForm, toNoAnswer } from './call.ts';

export interface Caller {
  readonly serverUrl: string;
  readonly realm: string;
  readonly clientId: string;
  readonly clientSecret?: string | undefined;
  /** The credential of the client, if not `clientSecret`. */
  readonly credential?: Credential | undefined;
  /** Bound on every call. Unit: milliseconds. */
  readonly timeoutMs: number;
}

/** One function for each of the realm's endpoints that this product uses; every answer comes back raw. */
export type RealmCalls = ReturnType<typeof createRealmCalls>;

/** Calls to one realm, as one client. No I/O until a function is called. */
export function createRealmCalls(caller: Caller) {
  const { serverUrl, realm, credential, timeoutMs } = caller;
  const issuer = createIssuer({ serverUrl, realm, timeoutMs });
  const { baseUrl, endpoints } = issuer;
  const client = { client_id: caller.clientId, client_secret: caller.clientSecret || undefined };
  const get = (url: string, headers: Record<string, string> = {}) => call(url, { headers }, timeoutMs);
  const post = async (
    url: string,
    fields: Record<string, string | undefined>,
    headers: Record<string, string> = {},
  ): Promise<Answer> => {
    if (credential === undefined)
      return call(url, { ...toForm({ ...client, ...fields }), headers }, timeoutMs);
    try {
      const { answer } = await credential.authenticate(issuer, async (proof) => {
        const form = toForm({ ...proof.fields, ...fields });
        const answer = await call(url, { ...form, headers: { ...proof.headers, ...headers } }, timeoutMs);
        return { status: answer.status, body: answer.text, answer };
      });
      return answer;
    } catch (error) {
      return toNoAnswer(url, error);
    }
  };
  return {
    baseUrl,
    issuer,
    get,
    passwordGrant: (username: string, password: string, scope = 'openid', headers = {}) =>
      post(endpoints.token, { grant_type: 'password', username, password, scope }, headers),
    clientCredentials: () => post(endpoints.token, { grant_type: 'client_credentials' }),
    refresh: (refreshToken: string) =>
      post(endpoints.token, { grant_type: 'refresh_token', refresh_token: refreshToken }),
    userinfo: (accessToken: string) => get(endpoints.userinfo, { authorization: `Bearer ${accessToken}` }),
    introspect: (token: string) => post(endpoints.introspection, { token }),
    logout: (refreshToken: string) => post(endpoints.logout, { refresh_token: refreshToken }),
    authorize: (query: Record<string, string>) =>
      get(`${endpoints.authorization}?${new URLSearchParams(query)}`),
  };
}
