import type { AdminConnection } from '../admin/index.ts';
import { type AudienceCommand, canName, toAudienceCommand } from '../setup/audience-command.ts';

/** A client of the realm, and whether its tokens pass a check of the audience. */
export interface Caller {
  readonly client: string;
  readonly isIn: boolean;
  /** `aud` and `azp` of its tokens, as text. */
  readonly seen: string;
}

/** Which clients can call an API. */
export interface CallersReport {
  /** The client of the API. */
  readonly clientId: string;
  readonly callers: readonly Caller[];
  /** What to change; `undefined` if nobody is locked out. */
  readonly mend: string | undefined;
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

/**
 * Asks Keycloak for an example token of each client of the realm, and checks whether it is for the API.
 *
 * @param onClient called with each client that is examined
 */
export async function findCallers(
  { api }: AdminConnection,
  { serverUrl, realm, clientId }: Omit<AudienceCommand, 'callers'>,
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
  return {
    clientId,
    callers,
    mend: out.length === 0 ? undefined : mendFor({ serverUrl, realm, clientId }, out),
  };
}

function mendFor(where: Omit<AudienceCommand, 'callers'>, out: readonly Caller[]): string {
  const callers = out.map(({ client }) => client).filter(canName);
  const need = 'Those that call this API need an audience mapper';
  if (callers.length === 0) return `${need}: in Keycloak, in the client's dedicated scope.`;
  return `${need}. This adds it; leave out those that do not call it: \`${toAudienceCommand({ ...where, callers })}\``;
}
