import type ClientRepresentation from '@keycloak/keycloak-admin-client/lib/defs/clientRepresentation.js';
import type { CurrentState } from '../current.ts';
import { CALLBACK_PATH, NEEDED_SCOPES, type SetupGoal, toClient, toRedirectUris } from '../goal.ts';
import { clientBlocks, FLOWS } from './client-blocks.ts';
import { planMappers } from './mappers.ts';
import { planClientRoles } from './roles.ts';
import type { Change, Part, Step } from './step.ts';
import { coversUri, splitUris } from './uris.ts';

/** The client: created in one call, or changed setting by setting. */
export function planClient(current: CurrentState, goal: SetupGoal): Part {
  const subject = `client ${goal.clientId}`;
  const roles = planClientRoles(current, goal);
  const { client } = current;
  if (client === null) {
    const wanted = toClient(goal);
    const changes = [
      { field: 'Client authentication', from: '', to: 'on' },
      { field: 'Standard flow, Direct access grants', from: '', to: 'on' },
      { field: 'PKCE', from: '', to: 'S256' },
      { field: 'Valid redirect URIs', from: '', to: wanted.redirectUris.join(', ') },
      {
        field: 'Valid post logout redirect URIs',
        from: '',
        to: toRedirectUris(goal.appUrl).logout.join(', '),
      },
      { field: 'Web origins', from: '', to: wanted.webOrigins.join(', ') },
      { field: 'Backchannel logout URL', from: '', to: goal.backchannelLogoutUrl.url },
      ...wanted.protocolMappers.map((mapper) => ({ field: 'Mapper', from: '', to: mapper.name })),
    ];
    const create: Step = {
      kind: 'create',
      subject,
      changes,
      action: { type: 'create-client', client: wanted },
    };
    return { steps: [create, ...roles.steps], kept: [], blocked: [] };
  }
  const steps = [
    ...planSettings(client, goal, subject),
    ...planScopes(current, subject),
    ...planMappers(current, goal),
  ];
  const blocked = [...clientBlocks(client, goal, subject), ...missingScopes(current, subject)];
  return {
    steps: [...steps, ...roles.steps],
    kept: [...(steps.length === 0 ? [subject] : []), ...roles.kept],
    blocked,
  };
}

function planSettings(client: ClientRepresentation, goal: SetupGoal, subject: string): Step[] {
  const changes: Change[] = [];
  const opens: string[] = [];
  const patch: Record<string, unknown> = {};
  const attributes: Record<string, string> = {};
  const wanted = toClient(goal);

  const flip = (field: string, key: keyof ClientRepresentation, to: boolean) => {
    if (client[key] === to) return;
    // A switch that is missing from the answer is off.
    if (client[key] === undefined && !to) return;
    patch[key] = to;
    changes.push({ field, from: client[key] ? 'on' : 'off', to: to ? 'on' : 'off' });
  };
  const set = (field: string, key: string, from: string, to: string) => {
    attributes[key] = to;
    changes.push({ field, from, to });
  };
  const add = (field: string, key: 'redirectUris' | 'webOrigins', items: readonly string[]) => {
    const there = client[key] ?? [];
    const all = [...new Set([...there, ...items])];
    patch[key] = all;
    changes.push({ field, from: there.join(', '), to: all.join(', ') });
  };

  if (client.enabled === false && goal.enable) {
    flip('Enabled', 'enabled', true);
    opens.push(`${goal.clientId} gets tokens again`);
  }
  if (client.bearerOnly) flip('Bearer only', 'bearerOnly', false);
  if (client.publicClient) {
    patch.publicClient = false;
    changes.push({ field: 'Client authentication', from: 'off', to: 'on' });
  }
  if (!goal.keepFlows) {
    for (const [field, key] of FLOWS) {
      if (!client[key]) opens.push(OPENED_FLOWS[key](goal.clientId));
      flip(field, key, true);
    }
  }

  const uris = toRedirectUris(goal.appUrl);
  if (!coversCallback(client, goal.appUrl)) {
    add('Valid redirect URIs', 'redirectUris', uris.login);
    opens.push(
      `logins of ${goal.clientId} can end at ${uris.login.join(', ')}, too: who answers there gets the codes`,
    );
  }
  if (!coversOrigin(client, goal.appUrl)) {
    add('Web origins', 'webOrigins', wanted.webOrigins);
    opens.push(`pages of ${wanted.webOrigins.join(', ')} can call Keycloak as ${goal.clientId}`);
  }

  const there = client.attributes ?? {};
  const pkce = String(there['pkce.code.challenge.method'] ?? '');
  if (pkce !== 'S256') set('PKCE', 'pkce.code.challenge.method', pkce || 'not required', 'S256');
  const registered = splitUris(there['post.logout.redirect.uris']);
  // '+' stands for the redirect URIs, as they are or will be, and Keycloak 22 reads nothing beside it; '-' for none.
  const redirectUris = (patch.redirectUris as string[] | undefined) ?? client.redirectUris ?? [];
  const afterLogout = registered.flatMap((one) => (one === '+' ? redirectUris : one === '-' ? [] : [one]));
  if (!coversUri(afterLogout, client.rootUrl, `${goal.appUrl}/`)) {
    set(
      'Valid post logout redirect URIs',
      'post.logout.redirect.uris',
      registered.join(', '),
      [...afterLogout, ...uris.logout].join('##'),
    );
    opens.push(`logouts of ${goal.clientId} can end at ${uris.logout.join(', ')}, too`);
  }
  const { url, replace } = goal.backchannelLogoutUrl;
  const logoutUrl = String(there['backchannel.logout.url'] ?? '');
  if (logoutUrl === '' || (replace && logoutUrl !== url)) {
    set('Backchannel logout URL', 'backchannel.logout.url', logoutUrl, url);
    opens.push(`Keycloak reports logouts of ${goal.clientId} to ${url}`);
  }
  if (String(there['backchannel.logout.session.required'] ?? '') !== 'true') {
    set('Backchannel logout session required', 'backchannel.logout.session.required', 'off', 'true');
  }
  if (changes.length === 0) return [];
  return [{ kind: 'change', subject, changes, opens, action: { type: 'update-client', patch, attributes } }];
}

const OPENED_FLOWS = {
  standardFlowEnabled: (clientId: string) => `people can sign in to ${clientId} with the browser`,
  directAccessGrantsEnabled: (clientId: string) =>
    `who has the secret of ${clientId} can sign people in with their passwords, without Keycloak's page`,
};

/** The service itself needs no more than this; the guide's pattern covers it too. */
function coversCallback(client: ClientRepresentation, appUrl: string): boolean {
  return coversUri(client.redirectUris ?? [], client.rootUrl, appUrl + CALLBACK_PATH);
}

function coversOrigin(client: ClientRepresentation, appUrl: string): boolean {
  const { origin } = new URL(appUrl);
  const origins = client.webOrigins ?? [];
  const byRedirect = origins.includes('+') && coversCallback(client, appUrl);
  return origins.includes('*') || origins.includes(origin) || byRedirect;
}

function planScopes({ client, scopes }: CurrentState, subject: string): Step[] {
  return NEEDED_SCOPES.filter(
    (scope) => scopes.includes(scope) && !client?.defaultClientScopes?.includes(scope),
  ).map((scope) => ({
    kind: 'change',
    subject,
    changes: [{ field: 'Default client scopes', from: '', to: `+ ${scope}` }],
    opens: [`tokens of ${client?.clientId} ${OPENED_SCOPES[scope]}`],
    action: { type: 'add-default-scope', scope },
  }));
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
