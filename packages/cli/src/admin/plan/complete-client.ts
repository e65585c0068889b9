import type ClientRepresentation from '@keycloak/keycloak-admin-client/lib/defs/clientRepresentation.js';
import { coversUri, type Mapper, splitUris } from '../mappers.ts';
import { type Change, change, type NewClient, type Step, switchedOn, toChange, toCreate } from './step.ts';

export interface TargetClient extends NewClient {
  readonly standardFlowEnabled: boolean;
  readonly directAccessGrantsEnabled: boolean;
  readonly serviceAccountsEnabled: boolean;
  readonly redirectUris: string[];
  readonly webOrigins: string[];
  readonly protocolMappers: Mapper[];
}

export const PLAIN_CLIENT = {
  protocol: 'openid-connect',
  enabled: true,
  publicClient: false,
  standardFlowEnabled: false,
  implicitFlowEnabled: false,
  directAccessGrantsEnabled: false,
  serviceAccountsEnabled: false,
  redirectUris: [],
  webOrigins: [],
  attributes: {},
  protocolMappers: [],
};

export interface Completion {
  /** Addresses that the redirect URIs must cover. Default: those of the wanted client. */
  readonly callbacks?: readonly string[];
  /** Redirect URIs to add if one is not covered. Default: the uncovered ones. */
  readonly login?: readonly string[];
  /** The page after a logout, which must be covered. Default: the URIs of the wanted client. */
  readonly afterLogout?: string;
  readonly enable?: boolean;
  readonly keepFlows?: boolean | undefined;
  readonly replaceLogoutUrl?: boolean;
}

export const FLOWS = [
  ['Standard flow', 'standardFlowEnabled'],
  ['Direct access grants', 'directAccessGrantsEnabled'],
  ['Service accounts roles', 'serviceAccountsEnabled'],
] as const;

const OPENED_FLOWS = {
  standardFlowEnabled: (clientId: string) => `people can sign in to ${clientId} with the browser`,
  directAccessGrantsEnabled: (clientId: string) =>
    `who has the secret of ${clientId} can sign people in with their passwords, without Keycloak's page`,
  serviceAccountsEnabled: (clientId: string) =>
    `who has the credential of ${clientId} gets tokens in its own name`,
};

/** The switch of a client that says whether it may exchange tokens (Keycloak 26.2). */
export const EXCHANGE = 'standard.token.exchange.enabled';
const PKCE = 'pkce.code.challenge.method';
const AFTER_LOGOUT = 'post.logout.redirect.uris';
const LOGOUT_URL = 'backchannel.logout.url';
const LOGOUT_SESSION = 'backchannel.logout.session.required';

export function createClient(target: TargetClient): Step {
  const { attributes } = target;
  const flows = FLOWS.filter(([, key]) => target[key]).map(([name]) => name);
  const rows: [field: string, to: string][] = [
    ['Client authentication', target.publicClient ? 'off (public)' : 'on'],
    [flows.join(', ') || 'Flows', flows.length > 0 ? 'on' : 'none'],
    ['Standard token exchange', attributes[EXCHANGE] === 'true' ? 'on' : ''],
    ['PKCE', attributes[PKCE] ?? ''],
    ['Valid redirect URIs', target.redirectUris.join(', ')],
    ['Valid post logout redirect URIs', splitUris(attributes[AFTER_LOGOUT]).join(', ')],
    ['Web origins', target.webOrigins.join(', ')],
    ['Backchannel logout URL', attributes[LOGOUT_URL] ?? ''],
    ...target.protocolMappers.map(({ name }): [string, string] => ['Mapper', name]),
  ];
  const changes = rows.flatMap(([field, to]) => (to === '' ? [] : [change(field, to)]));
  return toCreate(`client ${target.clientId}`, { type: 'create-client', client: target }, changes);
}

/** Adds what an existing client lacks. Lists only grow, and no safety switch is turned off. */
export function completeClient(
  client: ClientRepresentation,
  target: TargetClient,
  how: Completion = {},
): Step[] {
  const { clientId } = target;
  const changes: Change[] = [];
  const opens: string[] = [];
  const patch: Record<string, unknown> = {};
  const attributes: Record<string, string> = {};
  const flip = (field: string, key: keyof ClientRepresentation, to: boolean, opened?: string) => {
    // A switch that is missing from the answer is off.
    if ((client[key] ?? false) === to) return;
    patch[key] = to;
    changes.push(change(field, to ? 'on' : 'off', client[key] ? 'on' : 'off'));
    if (opened !== undefined) opens.push(opened);
  };
  const set = (field: string, key: string, from: string, to: string, opened?: string) => {
    attributes[key] = to;
    changes.push(change(field, to === 'true' ? 'on' : to.replaceAll('##', ', '), from));
    if (opened !== undefined) opens.push(opened);
  };
  const add = (
    field: string,
    key: 'redirectUris' | 'webOrigins',
    items: readonly string[],
    opened: string,
  ) => {
    const there = client[key] ?? [];
    const all = [...new Set([...there, ...items])];
    patch[key] = all;
    changes.push(change(field, all.join(', '), there.join(', ')));
    opens.push(opened);
  };

  if (client.enabled === false && how.enable)
    flip('Enabled', 'enabled', true, `${clientId} gets tokens again`);
  if (client.bearerOnly) flip('Bearer only', 'bearerOnly', false);
  if (client.publicClient && !target.publicClient) {
    patch.publicClient = false;
    changes.push(switchedOn('Client authentication'));
  }
  for (const [field, key] of how.keepFlows ? [] : FLOWS)
    if (target[key]) flip(field, key, true, OPENED_FLOWS[key](clientId));

  const there = client.redirectUris ?? [];
  const isCovered = (uri: string) => coversUri(there, client.rootUrl, uri);
  const missing = (how.callbacks ?? target.redirectUris).filter((uri) => !isCovered(uri));
  if (missing.length > 0) {
    const uris = how.login ?? missing;
    add(
      'Valid redirect URIs',
      'redirectUris',
      uris,
      `logins of ${clientId} can end at ${uris.join(', ')}, too: who answers there gets the codes`,
    );
  }
  const origins = client.webOrigins ?? [];
  const byRedirect = origins.includes('+') && missing.length === 0;
  const added = target.webOrigins.filter(
    (one) => !origins.includes(one) && !origins.includes('*') && !byRedirect,
  );
  if (added.length > 0)
    add('Web origins', 'webOrigins', added, `pages of ${added.join(', ')} can call Keycloak as ${clientId}`);

  const settings = client.attributes ?? {};
  const now = (key: string) => String(settings[key] ?? '');
  if (target.attributes[PKCE] !== undefined && now(PKCE) !== 'S256')
    set('PKCE', PKCE, now(PKCE) || 'not required', 'S256');
  const exchanges = `${clientId} can exchange what its callers send it for tokens of other services in their name`;
  if (target.attributes[EXCHANGE] === 'true' && now(EXCHANGE) !== 'true')
    set('Standard token exchange', EXCHANGE, 'off', 'true', exchanges);
  const registered = splitUris(settings[AFTER_LOGOUT]);
  // '+' stands for the redirect URIs, as they are or will be, and Keycloak 22 reads nothing beside it; '-' for none.
  const spellOut = (uris: readonly string[], redirectUris: readonly string[]) =>
    uris.flatMap((one) => (one === '+' ? redirectUris : one === '-' ? [] : [one]));
  const afterLogout = spellOut(registered, (patch.redirectUris as string[] | undefined) ?? there);
  const targetAfterLogout = spellOut(splitUris(target.attributes[AFTER_LOGOUT]), target.redirectUris);
  const pages = how.afterLogout === undefined ? targetAfterLogout : [how.afterLogout];
  if (pages.some((page) => !coversUri(afterLogout, client.rootUrl, page))) {
    const uris = [...new Set([...afterLogout, ...targetAfterLogout])].join('##');
    set(
      'Valid post logout redirect URIs',
      AFTER_LOGOUT,
      registered.join(', '),
      uris,
      `logouts of ${clientId} can end at ${targetAfterLogout.join(', ')}, too`,
    );
  }
  const url = target.attributes[LOGOUT_URL];
  if (url !== undefined && (now(LOGOUT_URL) === '' || (how.replaceLogoutUrl && now(LOGOUT_URL) !== url)))
    set(
      'Backchannel logout URL',
      LOGOUT_URL,
      now(LOGOUT_URL),
      url,
      `Keycloak reports logouts of ${clientId} to ${url}`,
    );
  if (target.attributes[LOGOUT_SESSION] === 'true' && now(LOGOUT_SESSION) !== 'true')
    set('Backchannel logout session required', LOGOUT_SESSION, 'off', 'true');
  if (changes.length === 0) return [];
  const action = { type: 'update-client', client: clientId, patch, attributes } as const;
  return [toChange(`client ${clientId}`, changes, action, opens)];
}
