import type { CurrentState } from '../current.ts';
import { CALLBACK_PATH, NEEDED_SCOPES, type SetupGoal, toClient, toRedirectUris } from '../goal.ts';
import { doesTheWork, toAudienceMapper } from '../mapper.ts';
import { opensAudience } from './audiences.ts';
import { clientBlocks } from './client-blocks.ts';
import { completeClient, createClient, type WantedClient } from './complete-client.ts';
import { planClientRoles } from './roles.ts';
import { added, change, type Part, type Step, toChange } from './step.ts';
import { coversUri } from './uris.ts';

/** The client: created in one call, or changed setting by setting. */
export function planClient(current: CurrentState, goal: SetupGoal): Part {
  const subject = `client ${goal.clientId}`;
  const roles = planClientRoles(current, goal);
  const { client } = current;
  const wanted = toClient(goal);
  if (client === null) {
    const { secretFoundIn: file } = goal;
    const opens =
      file === undefined ? [] : [`whoever else has ${file} is ${goal.clientId}: its secret is in it`];
    return { steps: [{ ...createClient(wanted), opens }, ...roles.steps], kept: [], blocked: [] };
  }
  // The service itself needs no more than its callback; the guide's pattern covers it too.
  const callback = goal.appUrl + CALLBACK_PATH;
  const how = { callbacks: [callback], afterLogout: `${goal.appUrl}/`, login: toRedirectUris(goal).login };
  const isElsewhere =
    goal.isAppUrlGuessed === true &&
    wanted.redirectUris.length > 0 &&
    !!client.redirectUris?.length &&
    !coversUri(client.redirectUris, client.rootUrl, callback);
  const steps = [
    ...completeClient(client, isElsewhere ? withoutAddresses(wanted, goal) : wanted, {
      ...(wanted.standardFlowEnabled && !isElsewhere ? how : {}),
      enable: goal.enable,
      keepFlows: goal.keepFlows,
      replaceLogoutUrl: goal.backchannelLogoutUrl.replace,
    }),
    ...planScopes(current, subject),
    ...planMappers(current, goal),
  ];
  const blocked = [...clientBlocks(client, goal, subject), ...missingScopes(current, subject)];
  return {
    steps: [...steps, ...roles.steps],
    kept: [
      ...(steps.length === 0 ? [subject] : []),
      ...(isElsewhere ? [`addresses of ${subject} (--app-url adds another)`] : []),
      ...roles.kept,
    ],
    blocked,
  };
}

/** A report of logouts goes to an address that was named, even so. */
function withoutAddresses(wanted: WantedClient, { backchannelLogoutUrl }: SetupGoal): WantedClient {
  const { 'post.logout.redirect.uris': _, 'backchannel.logout.url': url, ...attributes } = wanted.attributes;
  const named = backchannelLogoutUrl.replace && url !== undefined ? { 'backchannel.logout.url': url } : {};
  return { ...wanted, redirectUris: [], webOrigins: [], attributes: { ...attributes, ...named } };
}

function planScopes({ client, scopes }: CurrentState, subject: string): Step[] {
  return NEEDED_SCOPES.filter(
    (scope) => scopes.includes(scope) && !client?.defaultClientScopes?.includes(scope),
  ).map((scope) =>
    toChange(subject, [added('Default client scopes', scope)], { type: 'add-scope', scope, how: 'default' }, [
      `tokens of ${client?.clientId} ${OPENED_SCOPES[scope]}`,
    ]),
  );
}

/** What the tokens of a client do after it got a client scope. */
const OPENED_SCOPES = {
  basic: 'say whose they are (sub)',
  profile: 'say the name of the person',
  email: 'say the address of the person',
  roles: 'say the roles of the person, and name the clients that these are of as audience',
};

function missingScopes({ scopes }: CurrentState, subject: string) {
  // `basic` came with Keycloak 25; before, `sub` is in every token.
  return NEEDED_SCOPES.filter((scope) => scope !== 'basic' && !scopes.includes(scope)).map((scope) => ({
    subject,
    why: `the realm has no client scope ${scope}, so its claims are missing from every token`,
    fix: `Client scopes > Create client scope '${scope}' with Keycloak's usual mappers, then run setup again`,
  }));
}

/** Adds the audience mapper, if no mapper of the client or of a default scope does its work already. */
function planMappers({ client, mappers, askable }: CurrentState, { clientId }: SetupGoal): Step[] {
  const mapper = toAudienceMapper(clientId);
  if (mappers.some((one) => doesTheWork(one, mapper))) return [];
  const isThere = client?.protocolMappers?.some(({ name }) => name === mapper.name);
  const changes = [change('Mapper', mapper.name, isThere ? `${mapper.name} (not as needed)` : '')];
  // Its own tokens for other services name it too.
  const opens = opensAudience(clientId, clientId, [...mappers, ...askable]);
  return [toChange(`client ${clientId}`, changes, { type: 'put-mapper', mapper }, opens)];
}
