import {
  type AdminConnection,
  type AudienceCommand,
  canName,
  toAudienceCommand,
} from '@keycloak-guard/cli/unstable';

/** A client of the realm, and whether its tokens pass a check of the audience. */
export interface Caller {
  readonly client: string;
  /** `some`: only for users who have a role of the API's client. */
  readonly verdict: 'in' | 'some' | 'out';
  /** Why. Markdown. */
  readonly seen: string;
}

/** The clients of a realm, and whether each can call an API. */
export interface CallersReport {
  /** The client of the API. */
  readonly clientId: string;
  readonly callers: readonly Caller[];
  /** The change that is needed; `undefined` if it is certain that no client and no user is locked out. */
  readonly mend: string | undefined;
}

/** The sentence below the list of callers. Markdown. */
export function toVerdictLine({ callers, mend }: CallersReport): string {
  if (callers.length === 0) return 'The realm has no other client that could call this API.';
  return mend ?? 'Nobody is locked out: the tokens of all these clients name this API, for every user.';
}

/** Keycloak's own clients, which call no API of yours. */
const BUILT_IN = new Set([
  'account',
  'account-console',
  'admin-cli',
  'broker',
  'realm-management',
  'security-admin-console',
  'master-realm',
]);

interface Mapper {
  readonly protocolMapper?: string | undefined;
  readonly config?: Readonly<Record<string, string>> | undefined;
}

/**
 * Finds out which clients of the realm get tokens for the API: by the mappers that apply to each, and by an example token.
 * An example alone proves nothing for other users: the mapper "audience resolve" adds the clients in which the user has a role.
 *
 * @param onClient called with each client that is examined
 * @throws {Error} (rejects with one) if the realm does not have the client of the API
 * @see Keycloak, Server Administration Guide: "Audience support"
 */
export async function findCallers(
  { api }: AdminConnection,
  { serverUrl, realm, clientId }: Omit<AudienceCommand, 'callers'>,
  onClient: (client: string) => void,
): Promise<CallersReport> {
  const clients = await api.clients.find({ realm });
  // Of a client that is not there, each other one would lack a mapper; a page of a proxy names none at all.
  if (!Array.isArray(clients) || !clients.some((one) => one.clientId === clientId))
    throw new Error(`the realm ${realm} has no client ${clientId} that this admin may see`);
  const scopes = await api.clientScopes.find({ realm });
  const mappers = new Map(
    [...clients, ...scopes].flatMap(({ protocolMappers = [] }) =>
      protocolMappers.map((one): [string | undefined, Mapper] => [one.id, one]),
    ),
  );
  const [user] = await api.users.find({ realm, max: 1, enabled: true });
  const callers: Caller[] = [];
  for (const { id, clientId: client, enabled, bearerOnly } of clients) {
    if (id === undefined || client === undefined || client === clientId) continue;
    if (enabled === false || bearerOnly === true || BUILT_IN.has(client)) continue;
    onClient(client);
    const where = { realm, id, scope: 'openid' };
    const applied = (await api.clients.evaluateListProtocolMapper(where)).map(
      (one) => mappers.get((one as { mapperId?: string }).mapperId) ?? {},
    );
    const example =
      user?.id === undefined
        ? {}
        : await api.clients.evaluateGenerateAccessToken({ ...where, userId: user.id, audience: '' });
    callers.push({ client, ...judge(applied, [(example as { aud?: string | string[] }).aud ?? []].flat()) });
  }
  const out = callers.filter(({ verdict }) => verdict !== 'in');
  return {
    clientId,
    callers,
    mend: out.length === 0 ? undefined : mendFor({ serverUrl, realm, clientId }, out),
  };

  function judge(applied: readonly Mapper[], audience: readonly string[]): Omit<Caller, 'client'> {
    if (applied.some((one) => addsAlways(one, clientId)))
      return { verdict: 'in', seen: 'an audience mapper' };
    const isResolved = applied.some((one) => one.protocolMapper === 'oidc-audience-resolve-mapper');
    if (audience.includes(clientId))
      return isResolved
        ? { verdict: 'some', seen: `only for users who have a role of \`${clientId}\`` }
        : { verdict: 'in', seen: `\`aud\` ${audience.map((one) => `\`${one}\``).join(', ')}` };
    return { verdict: 'out', seen: `no mapper that adds \`${clientId}\` to \`aud\`` };
  }
}

function addsAlways({ protocolMapper, config = {} }: Mapper, clientId: string): boolean {
  if (protocolMapper !== 'oidc-audience-mapper' || config['access.token.claim'] === 'false') return false;
  // Keycloak uses the custom audience only where no client is chosen.
  return (config['included.client.audience'] || config['included.custom.audience']) === clientId;
}

function mendFor(where: Omit<AudienceCommand, 'callers'>, out: readonly Caller[]): string {
  const callers = out.map(({ client }) => client).filter(canName);
  const need = 'Those that call this API need an audience mapper';
  if (callers.length === 0) return `${need}: in Keycloak, in the client's dedicated scope.`;
  return `${need}. This adds it; leave out those that do not call it: \`${toAudienceCommand({ ...where, callers })}\``;
}
