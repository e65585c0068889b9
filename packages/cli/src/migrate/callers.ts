import type { AdminConnection } from '../admin/index.ts';

/** A client of the realm, and whether its tokens get in where the audience is checked. */
export interface Caller {
  readonly client: string;
  readonly isIn: boolean;
  /** For people: `aud` and `azp` of its tokens. */
  readonly seen: string;
}

/** Who calls an API, by what Keycloak would give them. */
export interface CallersReport {
  /** The client of the API. */
  readonly clientId: string;
  readonly callers: readonly Caller[];
  /** What mends it; `undefined` where nobody is locked out. */
  readonly mend: string | undefined;
}

/** Clients that Keycloak brings along, and that call no API of anybody's. */
const BUILT_IN = new Set([
  'account',
  'account-console',
  'admin-cli',
  'broker',
  'realm-management',
  'security-admin-console',
  'master-realm',
]);

/**
 * Asks Keycloak for an example of the token that each client of the realm would get, and looks whether it is for the API.
 *
 * @param onClient told of each client that is looked at
 */
export async function findCallers(
  { api }: AdminConnection,
  realm: string,
  clientId: string,
  onClient: (client: string) => void,
): Promise<CallersReport> {
  const clients = await api.clients.find({ realm });
  const [user] = await api.users.find({ realm, max: 1, enabled: true });
  const callers: Caller[] = [];
  for (const { id, clientId: client, enabled, bearerOnly } of clients) {
    if (id === undefined || client === undefined || client === clientId) continue;
    if (enabled === false || bearerOnly === true || BUILT_IN.has(client) || user?.id === undefined) continue;
    onClient(client);
    const claims = (await api.clients.evaluateGenerateAccessToken({
      ...{ realm, id, userId: user.id, scope: 'openid', audience: '' },
    })) as { aud?: string | string[] };
    const audience = [claims.aud ?? []].flat();
    const isIn = audience.includes(clientId);
    callers.push({
      client,
      isIn,
      seen: audience.length === 0 ? 'no `aud`' : `\`aud\` ${audience.map((one) => `\`${one}\``).join(', ')}`,
    });
  }
  const out = callers.filter(({ isIn }) => !isIn);
  return { clientId, callers, mend: out.length === 0 ? undefined : mendFor(clientId, out) };
}

function mendFor(clientId: string, out: readonly Caller[]): string {
  return `Those that call this API need an audience mapper: in Keycloak, Clients > (${out.map(({ client }) => client).join(', ')}) > Client scopes > (its dedicated scope) > Add mapper > By configuration > Audience: Included Client Audience = ${clientId}, Add to access token ON. Those that do not call it are to be left as they are. The own client gets its mapper by \`npx keycloak-guard setup --client-id ${clientId}\`.`;
}
