import type ClientRepresentation from '@keycloak/keycloak-admin-client/lib/defs/clientRepresentation.js';
import type { CurrentState } from '../current.ts';
import { CALLBACK_PATH, NEEDED_SCOPES, type SetupGoal, toClient, toRedirectUris } from '../goal.ts';
import { coversUri, isSatisfiedBy, mappersOf, opensAudience, toAudienceMapper } from '../mappers.ts';
import {
  groupsScope,
  type OrganizationPlan,
  ownScopeOf,
  planAppScopes,
  planOrganizationClaims,
  toAppClient,
} from './app-scope.ts';
import { completeClient, createClient, FLOWS, type TargetClient } from './complete-client.ts';
import { added, type Blocked, change, joinParts, type Part, type Plan, type Step, toChange } from './step.ts';
import { planClientRoles, planGroups, planMemberships, planRealm, planRoles, planUser } from './user.ts';

/**
 * Settings of the client that keep this product out, and that setup does not touch: changing them would make the client less
 * safe.
 */
function clientBlocks(client: ClientRepresentation, goal: SetupGoal, subject: string): Blocked[] {
  const blocked: Blocked[] = [];
  const block = (why: string, fix: string, of = subject) => blocked.push({ subject: of, why, fix });
  const credential = `credential of ${subject}`;
  const isOn = (attribute: string) => String(client.attributes?.[attribute]) === 'true';
  const settings = `Clients > ${goal.clientId}`;

  if (client.enabled === false && !goal.enable)
    block(
      'the client is switched off, perhaps on purpose',
      `${settings} > Enabled (top right) ON, or run setup with --enable`,
    );
  for (const [field, key] of goal.keepFlows ? FLOWS : []) {
    if (client[key] || !toClient(goal)[key]) continue;
    block(
      `the switch '${field}' is off, perhaps on purpose`,
      `${settings} > Settings > Capability config > ${field} ON, or say --enable`,
    );
  }
  if (
    !goal.hasOwnCredential &&
    !client.publicClient &&
    (client.clientAuthenticatorType ?? 'client-secret') !== 'client-secret'
  )
    block(
      `the client authenticates with '${client.clientAuthenticatorType}', and setup writes a secret`,
      'leave it so, and set KEYCLOAK_CLIENT_KEY_FILE or KEYCLOAK_CLIENT_TOKEN_FILE in place of the secret (library: the option credential); or choose another by --credential',
      credential,
    );
  if (client.protocol !== undefined && client.protocol !== 'openid-connect')
    block(`the client speaks ${client.protocol}`, 'Choose another client id (--client-id)', credential);
  // The client of an API that only checks tokens has no sign-in.
  if (goal.shape === 'api') return blocked;
  if (client.consentRequired)
    block(
      'the client asks users for consent, so POST /login is refused',
      `${settings} > Settings > Login settings > Consent required OFF`,
    );
  if (isOn('dpop.bound.access.tokens'))
    block(
      'the client wants DPoP proofs, which POST /login does not send',
      `${settings} > Settings > Capability config > Require DPoP bound tokens OFF`,
    );
  if (isOn('tls.client.certificate.bound.access.tokens'))
    block(
      'the client binds tokens to a TLS client certificate, which this product does not have',
      `${settings} > Advanced > OAuth 2.0 Mutual TLS Certificate Bound Access Tokens Enabled OFF`,
    );
  if (isOn('require.pushed.authorization.requests'))
    block(
      'the client wants pushed authorization requests (PAR) for the browser login; POST /login works',
      `${settings} > Advanced > Pushed authorization request required OFF`,
    );
  return blocked;
}

function planClient(current: CurrentState, goal: SetupGoal): Part {
  const subject = `client ${goal.clientId}`;
  const roles = planClientRoles(current, goal);
  const { client } = current;
  const target = toClient(goal);
  if (client === null) {
    const { secretSource: file } = goal;
    const opens =
      file === undefined
        ? []
        : [`anybody else who has ${file} can act as ${goal.clientId}: it holds the secret`];
    return { steps: [{ ...createClient(target), opens }, ...roles.steps], kept: [], blocked: [] };
  }
  // The service itself needs no more than its callback; the guide's pattern covers it too.
  const callback = goal.appUrl + CALLBACK_PATH;
  const how = { callbacks: [callback], afterLogout: `${goal.appUrl}/`, login: toRedirectUris(goal).login };
  const isElsewhere =
    goal.isAppUrlGuessed === true &&
    target.redirectUris.length > 0 &&
    !!client.redirectUris?.length &&
    !coversUri(client.redirectUris, client.rootUrl, callback);
  const steps = [
    ...completeClient(client, isElsewhere ? withoutAddresses(target, goal) : target, {
      ...(target.standardFlowEnabled && !isElsewhere ? how : {}),
      enable: goal.enable,
      keepFlows: goal.keepFlows,
      replaceLogoutUrl: goal.backchannelLogoutUrl.replace,
    }),
    ...planClientScopes(current, subject),
    ...planMappers(current, goal),
  ];
  const blocked = [...clientBlocks(client, goal, subject), ...missingScopes(current, subject)];
  return {
    steps: [...steps, ...roles.steps],
    kept: [
      ...(steps.length === 0 ? [subject] : []),
      ...(isElsewhere ? [`addresses of ${subject} (--app adds another)`] : []),
      ...roles.kept,
    ],
    blocked,
  };
}

/** A report of logouts goes to an address that was named, even so. */
function withoutAddresses(target: TargetClient, { backchannelLogoutUrl }: SetupGoal): TargetClient {
  const { 'post.logout.redirect.uris': _, 'backchannel.logout.url': url, ...attributes } = target.attributes;
  const logoutUrl =
    backchannelLogoutUrl.replace && url !== undefined ? { 'backchannel.logout.url': url } : {};
  return { ...target, redirectUris: [], webOrigins: [], attributes: { ...attributes, ...logoutUrl } };
}

function planClientScopes({ client, scopes }: CurrentState, subject: string): Step[] {
  return NEEDED_SCOPES.filter(
    (scope) => hasScope(scopes, scope) && !client?.defaultClientScopes?.includes(scope),
  ).map((scope) =>
    toChange(subject, [added('Default client scopes', scope)], { type: 'add-scope', scope, how: 'default' }, [
      `tokens of ${client?.clientId} ${OPENED_SCOPES[scope]}`,
    ]),
  );
}

const OPENED_SCOPES = {
  basic: 'say whose they are (sub)',
  profile: 'say the name of the person',
  email: 'say the address of the person',
  roles: 'say the roles of the person, and name the clients that these are of as audience',
};

const hasScope = (scopes: CurrentState['scopes'], scope: string) => scopes.some(({ name }) => name === scope);

function missingScopes({ scopes }: CurrentState, subject: string) {
  // `basic` came with Keycloak 25; before, `sub` is in every token.
  return NEEDED_SCOPES.filter((scope) => scope !== 'basic' && !hasScope(scopes, scope)).map((scope) => ({
    subject,
    why: `the realm has no client scope ${scope}, so its claims are missing from every token`,
    fix: `Client scopes > Create client scope '${scope}' with Keycloak's usual mappers, then run setup again`,
  }));
}

/** Adds the audience mapper, if no mapper of the client or of a default scope does its work already. */
function planMappers({ client, scopes }: CurrentState, { clientId }: SetupGoal): Step[] {
  const mapper = toAudienceMapper(clientId);
  const mappers = mappersOf(client, scopes);
  if (mappers.some((one) => isSatisfiedBy(one, mapper))) return [];
  const isThere = client?.protocolMappers?.some(({ name }) => name === mapper.name);
  const changes = [change('Mapper', mapper.name, isThere ? `${mapper.name} (not as needed)` : '')];
  // Its own tokens for other services name it too.
  const askable = mappersOf(client, scopes, 'optionalClientScopes');
  const opens = opensAudience(clientId, clientId, [...mappers, ...askable]);
  return [toChange(`client ${clientId}`, changes, { type: 'put-mapper', mapper }, opens)];
}

/**
 * Compares the current state with the goal. Pure: the same input gives the same plan, in the order of execution. It never
 * deletes anything, and never turns off a safety switch.
 */
export function makePlan(current: CurrentState, goal: SetupGoal): Plan {
  const organizations = planOrganizationClaims(current, goal);
  const plan = joinParts([
    // A Keycloak before 26 refuses a new realm with a setting that it does not know.
    planRealm(current, organizations.scopes.length > 0 ? goal : { ...goal, organizations: undefined }),
    organizations,
    planRoles(current, goal),
    planGroups(current, goal),
    planClient(current, goal),
    planScopes(current, goal, organizations),
    planUser(current, goal),
    planMemberships(current, goal),
  ]);
  const touched = new Set(plan.steps.map((step) => step.subject));
  return { ...plan, kept: plan.kept.filter((subject) => !touched.has(subject)) };
}

function planScopes(current: CurrentState, goal: SetupGoal, organizations: OrganizationPlan): Part {
  const own = current.client ?? { clientId: goal.clientId };
  const clients = [
    toAppClient(own, current.scopes, current.client === null),
    ...current.callers.map((client) => toAppClient(client, current.scopes, false)),
  ];
  const scopes = [
    ...(goal.groups.length > 0 ? [groupsScope] : []),
    ...organizations.scopes,
    ...(goal.scopes ?? []).map(ownScopeOf),
  ];
  return planAppScopes(scopes, organizations.known, clients);
}
