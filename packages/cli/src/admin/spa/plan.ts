import type { AudienceState, CallerState } from '../audience/current.ts';
import { type AudienceAction, planAudience } from '../audience/plan.ts';
import { GROUPS_SCOPE } from '../goal.ts';
import type { Blocked, Change, Plan, Step } from '../plan/step.ts';
import { coversUri, splitUris } from '../plan/uris.ts';
import { type SpaGoal, toSpaClient } from './goal.ts';

export type SpaAction =
  | AudienceAction
  | { readonly type: 'create-spa' }
  | { readonly type: 'update-spa'; readonly patch: object; readonly attributes: Record<string, string> };

/** The client of a page: created in one call, or completed. Lists only grow. */
export function planSpa(state: AudienceState, goal: SpaGoal): Plan<SpaAction> {
  const there = state.callers.get(goal.clientId);
  const subject = `client ${goal.clientId}`;
  const audience = { realm: goal.realm, clientId: goal.apiClientId, callers: [goal.clientId] };
  // Whether the API is there, and what an existing page lacks of it.
  const rest = planAudience(state, audience);
  if (state.api === undefined) return rest;
  if (there !== undefined) {
    const blocked = blocksOf(there, subject);
    const steps = blocked.length > 0 ? [] : [...complete(there, goal, subject), ...rest.steps];
    return { steps, kept: steps.length + blocked.length === 0 ? [subject] : [], blocked };
  }
  const wanted = toSpaClient(goal);
  const change = (field: string, to: string): Change => ({ field, from: '', to });
  const create: Step<SpaAction> = {
    kind: 'create',
    subject,
    changes: [
      change('for', 'a page in the browser: public, with PKCE (S256)'),
      change('Valid redirect URIs', wanted.redirectUris.join(', ')),
      change('Valid post logout redirect URIs', `${goal.appUrl}/`),
      change('Web origins', wanted.webOrigins.join(', ')),
      change('Mapper', `audience ${goal.apiClientId}`),
    ],
    action: { type: 'create-spa' },
  };
  const groups: Step<SpaAction> = {
    kind: 'create',
    subject,
    changes: [change('Default client scopes', `+ ${GROUPS_SCOPE}`)],
    action: { type: 'add-groups', caller: goal.clientId },
  };
  const hasGroups = state.api.defaultClientScopes?.includes(GROUPS_SCOPE);
  return { steps: hasGroups ? [create, groups] : [create], kept: [], blocked: [] };
}

function blocksOf({ client }: CallerState, subject: string): Blocked[] {
  if (client.publicClient) return [];
  return [
    {
      subject,
      why: 'it has a secret, and a page cannot keep one: it is the client of something else',
      fix: 'choose another client id for the page',
    },
  ];
}

function complete({ client }: CallerState, goal: SpaGoal, subject: string): Step<SpaAction>[] {
  const wanted = toSpaClient(goal);
  const changes: Change[] = [];
  const opens: string[] = [];
  const patch: Record<string, unknown> = {};
  const attributes: Record<string, string> = {};
  const there = client.redirectUris ?? [];
  const uris = wanted.redirectUris.filter((uri) => !coversUri(there, client.rootUrl, uri));
  if (uris.length > 0) {
    patch.redirectUris = [...there, ...uris];
    changes.push({
      field: 'Valid redirect URIs',
      from: there.join(', '),
      to: [...there, ...uris].join(', '),
    });
    opens.push(
      `logins of ${goal.clientId} can end at ${uris.join(', ')}, too: who answers there gets the codes`,
    );
  }
  const origins = client.webOrigins ?? [];
  const added = wanted.webOrigins.filter((origin) => !origins.includes(origin) && !origins.includes('*'));
  if (added.length > 0) {
    patch.webOrigins = [...origins, ...added];
    changes.push({ field: 'Web origins', from: origins.join(', '), to: [...origins, ...added].join(', ') });
    opens.push(`pages of ${added.join(', ')} can call Keycloak as ${goal.clientId}`);
  }
  if (!client.standardFlowEnabled) {
    patch.standardFlowEnabled = true;
    changes.push({ field: 'Standard flow', from: 'off', to: 'on' });
    opens.push(`people can sign in to ${goal.clientId} with the browser`);
  }
  const pkce = String(client.attributes?.['pkce.code.challenge.method'] ?? '');
  if (pkce !== 'S256') {
    attributes['pkce.code.challenge.method'] = 'S256';
    changes.push({ field: 'PKCE', from: pkce || 'not required', to: 'S256' });
  }
  const registered = splitUris(client.attributes?.['post.logout.redirect.uris']);
  const afterLogout = registered.flatMap((one) => (one === '+' ? there : one === '-' ? [] : [one]));
  if (!coversUri(afterLogout, client.rootUrl, `${goal.appUrl}/`)) {
    attributes['post.logout.redirect.uris'] = [...afterLogout, `${goal.appUrl}/`].join('##');
    changes.push({
      field: 'Valid post logout redirect URIs',
      from: registered.join(', '),
      to: `+ ${goal.appUrl}/`,
    });
    opens.push(`logouts of ${goal.clientId} can end at ${goal.appUrl}/, too`);
  }
  if (changes.length === 0) return [];
  return [{ kind: 'change', subject, changes, opens, action: { type: 'update-spa', patch, attributes } }];
}
