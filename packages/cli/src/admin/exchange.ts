import type AdminClient from '@keycloak/keycloak-admin-client';
import type ClientRepresentation from '@keycloak/keycloak-admin-client/lib/defs/clientRepresentation.js';
import { AdminError, trying } from './admin-error.ts';
import { findClient, findUser } from './connection.ts';
import { EXCHANGE } from './plan/complete-client.ts';
import { readService, type ServiceGoal, scopesThatBring, toCallScope } from './service.ts';

export interface ExchangeFinding {
  readonly what: string;
  readonly isGood: boolean;
  /** The command that fixes it: `service`, `audience` (of the caller); or a sentence. */
  readonly fix?: 'service' | 'audience' | (string & {});
}

export interface ExchangeQuestion extends Pick<ServiceGoal, 'realm' | 'clientId'> {
  readonly audience: string;
  readonly username: string;
  /** Client that the user signs in with. Default: each of the realm. */
  readonly caller?: string | undefined;
  /** Scopes that the exchange asks for. Default: those that bring the audience. */
  readonly scope?: string | undefined;
}

/**
 * The conditions of an exchange, by Keycloak's example tokens of the user for each client. Changes nothing, and needs no sign-in.
 *
 * @throws {AdminError} where Keycloak does not answer or refuses
 */
export async function explainExchange(
  api: AdminClient,
  question: ExchangeQuestion,
): Promise<ExchangeFinding[]> {
  const { realm, clientId, audience, username } = question;
  const state = await readService(api, { realm, clientId, calls: [audience] });
  const user = await findUser(api, realm, username);
  if (user?.id === undefined)
    throw new AdminError('missing', 404, `There is no user ${username} in ${realm}`);
  const userId = user.id;
  const { client } = state;

  /** The `aud` that Keycloak would write: by mappers, and by roles of the user. */
  async function audiencesFor(
    { id = '', clientId: azp }: ClientRepresentation,
    scope = '',
  ): Promise<string[]> {
    return trying(`see what a token of ${azp} would be`, async () => {
      const query = { realm, id, userId, scope, audience: '' };
      const token = await api.clients.evaluateGenerateAccessToken(query);
      return [(token as { aud?: string | string[] }).aud ?? []].flat();
    });
  }

  const findings: ExchangeFinding[] = [];
  const find = (what: string, isGood: boolean, fix?: ExchangeFinding['fix']) =>
    void findings.push(isGood || fix === undefined ? { what, isGood } : { what, isGood, fix });
  find(`the user ${username} is enabled`, user.enabled !== false, `enable the user ${username}`);
  find(`there is a client ${clientId}`, client !== undefined, 'service');
  find(
    `there is a client ${audience}`,
    state.called.has(audience),
    'look at --for: it is the client id of the service',
  );
  if (client === undefined || !state.called.has(audience)) return findings;
  const isConfidential = client.enabled !== false && !client.publicClient && !client.bearerOnly;
  find(
    `${clientId} is enabled and has a credential`,
    isConfidential,
    `Clients > ${clientId}: Enabled, Client authentication ON`,
  );
  find(
    `Standard token exchange of ${clientId} is on`,
    String(client.attributes?.[EXCHANGE]) === 'true',
    'service',
  );

  const { always, optional: query } = scopesThatBring(state, client, audience);
  const scope = question.scope ?? (always.length > 0 ? '' : query[0]);
  const isBrought = (await audiencesFor(client, scope)).includes(audience);
  const by = scope === undefined || scope === '' ? 'without a scope' : `with the scope ${scope}`;
  find(`${by}, tokens of ${clientId} are for ${audience}`, isBrought, whyNot(query, state.scopes, audience));

  const callers =
    question.caller === undefined
      ? (await api.clients.find({ realm })).filter((one) => one.enabled !== false && !one.bearerOnly)
      : [(await findClient(api, realm, question.caller)) ?? []].flat();
  const good: string[] = [];
  for (const one of callers) {
    const { clientId: azp = '' } = one;
    if ((await audiencesFor(one)).includes(clientId)) good.push(azp);
  }
  const callerName = question.caller ?? 'some client';
  find(
    good.length > 0 && question.caller === undefined
      ? `tokens of these clients are for ${clientId}: ${good.join(', ')}`
      : `tokens of ${callerName} are for ${clientId}`,
    good.length > 0,
    'audience',
  );
  return findings;
}

function whyNot(
  onRequest: readonly string[],
  scopes: readonly { readonly name?: string }[],
  audience: string,
): ExchangeFinding['fix'] {
  if (onRequest.length > 0) return `ask for it: scope: '${onRequest[0]}'`;
  const scope = toCallScope(audience);
  // For an existing scope, the command says what is wrong.
  return scopes.some(({ name }) => name === scope)
    ? `look at the client scope ${scope}, or let setup do it`
    : 'service';
}
