import assert from 'node:assert/strict';
import type { Answer, Caller, Json } from '../../caller.ts';

export const UMA_TICKET = 'urn:ietf:params:oauth:grant-type:uma-ticket';
/** Fields of a form; one may come several times. */
export type AskFields = Record<string, string | string[]>;

/** What can be asked of a realm with authorization services. */
export function createAsker(caller: Caller) {
  const login = async (username: string, clientId = 'web', fields: Record<string, string> = {}) => {
    const secret: Record<string, string> = clientId === 'spa' ? {} : { client_secret: `${clientId}-secret` };
    const answer = await caller.token({
      ...{ grant_type: 'password', username, password: `${username}-pw` },
      ...{ client_id: clientId, scope: 'openid', ...secret, ...fields },
    });
    assert.equal(answer.status, 200, answer.text);
    return answer.json as Record<'access_token' | 'refresh_token' | 'id_token', string>;
  };
  const own = async (clientId = 'api') => {
    const fields = {
      grant_type: 'client_credentials',
      client_id: clientId,
      client_secret: `${clientId}-secret`,
    };
    return String((await caller.token(fields)).json.access_token);
  };
  const asForm = (fields: AskFields) =>
    new URLSearchParams(
      Object.entries({ grant_type: UMA_TICKET, ...fields }).flatMap(([name, value]) =>
        [value].flat().map((one) => [name, one]),
      ),
    ).toString();
  const ask = (bearer: string | undefined, fields: AskFields, headers: Record<string, string> = {}) =>
    caller.token(
      asForm(fields),
      bearer === undefined ? headers : { authorization: `Bearer ${bearer}`, ...headers },
    );
  const protection = (method: string, path: string, bearer: string | undefined, body?: unknown) =>
    caller.call(`${caller.issuer}/authz/protection/${path}`, {
      method,
      headers: {
        'content-type': 'application/json',
        ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
  return {
    login,
    own,
    ask,
    protection,
    /** Asks by names, and tells the answer in one line. */
    async grants(bearer: string, ...permission: string[]): Promise<string> {
      const answer = await ask(bearer, { audience: 'api', response_mode: 'permissions', permission });
      return tell(answer);
    },
    /** Id of a resource of the client's own, or of a user's. */
    async idOf(name: string, owner = 'api'): Promise<string> {
      const query = new URLSearchParams({ name, owner, exactName: 'true' });
      const answer = await protection('GET', `resource_set?${query}`, await own());
      const [id] = answer.json as unknown as string[];
      assert.ok(id, answer.text);
      return id;
    },
  };
}

export type Asker = ReturnType<typeof createAsker>;

/** An answer in one line: what is granted, or the refusal. */
export function tell({ status, json, text }: Answer): string {
  if (Array.isArray(json)) return json.map(tellPermission).toSorted().join('; ');
  if (json.result === true) return 'granted';
  const { error, error_description: description } = json;
  if (error === undefined) return `${status} ${text}`.trim();
  return description === undefined ? `${status} ${error}` : `${status} ${error}: ${description}`;
}

function tellPermission(one: Json): string {
  const scopes = ((one.scopes ?? []) as string[]).toSorted().join(',');
  const claims = one.claims === undefined ? '' : ` ${JSON.stringify(one.claims)}`;
  return `${one.rsname ?? one.rsid ?? ''}${scopes === '' ? '' : `#${scopes}`}${claims}`;
}

/** Asks everything, and compares all answers at once. */
export async function assertAll(
  rows: Record<string, readonly [() => Promise<string>, string]>,
): Promise<void> {
  const seen: Record<string, string> = {};
  for (const [title, [act]] of Object.entries(rows)) seen[title] = await act();
  assert.deepEqual(seen, Object.fromEntries(Object.entries(rows).map(([title, [, said]]) => [title, said])));
}
