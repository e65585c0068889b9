import type AdminClient from '@keycloak/keycloak-admin-client';
import type ComponentRepresentation from '@keycloak/keycloak-admin-client/lib/defs/componentRepresentation.js';
import { found } from '../admin-error.ts';
import { applyBy, doAction } from '../apply.ts';
import type { Step } from '../plan/step.ts';
import type { McpAction } from './action.ts';
import { readMcp } from './current.ts';
import { withDocuments } from './documents.ts';
import type { McpGoal } from './goal.ts';

/** As {@link applyStep}, for the steps of an MCP server. */
export function applyMcpStep(api: AdminClient, goal: McpGoal, step: Step<McpAction>): Promise<void> {
  return applyBy(step, (action) => act(api, goal, action));
}

async function act(api: AdminClient, goal: McpGoal, action: McpAction): Promise<unknown> {
  const { realm } = goal;
  switch (action.type) {
    case 'set-scope-attributes': {
      const scope = await scopeOf(api, goal, action.scope);
      const attributes = { ...scope.attributes, 'include.in.token.scope': 'true' };
      return api.clientScopes.update({ realm, id: scope.id }, { ...scope, attributes });
    }
    case 'add-scope-mapper': {
      const { id } = await scopeOf(api, goal, action.scope);
      return api.clientScopes.addProtocolMapper({ realm, id }, action.mapper);
    }
    case 'offer-scope': {
      const { id } = await scopeOf(api, goal, action.scope);
      return api.clientScopes.addDefaultOptionalClientScope({ realm, id });
    }
    case 'trust-hosts': {
      const { trustedHosts } = await readMcp(api, goal);
      return extend(api, realm, found(trustedHosts, 'Trusted Hosts'), 'trusted-hosts', action.hosts);
    }
    case 'allow-origins': {
      const { webOrigins } = await readMcp(api, goal);
      const policy = found(webOrigins, 'Allowed Registration Web Origins');
      return extend(api, realm, policy, 'web-origins', action.origins);
    }
    case 'take-documents': {
      const { profiles, policies } = withDocuments((await readMcp(api, goal)).documents, action.policy);
      await api.clientPolicies.createProfiles({ realm, profiles });
      return api.clientPolicies.updatePolicy({ realm, policies });
    }
    default:
      return doAction(api, { realm, clientId: goal.url }, action);
  }
}

/** Adds values to a list of a policy. */
function extend(
  api: AdminClient,
  realm: string,
  policy: ComponentRepresentation,
  key: string,
  values: readonly string[],
): Promise<void> {
  const all = [...new Set([...(policy.config?.[key] ?? []), ...values])];
  const id = policy.id as string;
  return api.components.update({ realm, id }, { ...policy, config: { ...policy.config, [key]: all } });
}

async function scopeOf(api: AdminClient, goal: McpGoal, name: string) {
  const scope = found(
    (await readMcp(api, goal)).scopes.find((one) => one.name === name),
    name,
  );
  return { ...scope, id: scope.id as string };
}
