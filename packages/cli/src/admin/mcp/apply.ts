import type AdminClient from '@keycloak/keycloak-admin-client';
import { AdminError, toAdminError } from '../admin-error.ts';
import { doAction } from '../apply.ts';
import type { Step } from '../plan/step.ts';
import { readMcp } from './current.ts';
import { withDocuments } from './documents.ts';
import type { McpAction } from './draft.ts';
import type { McpGoal } from './goal.ts';

/**
 * Does one step. Everything is looked up now, and what was made in the meantime is taken as done: a run can be repeated from
 * any point.
 *
 * @throws {AdminError} where Keycloak does not answer or refuses
 */
export async function applyMcpStep(api: AdminClient, goal: McpGoal, step: Step<McpAction>): Promise<void> {
  try {
    await act(api, goal, step.action);
  } catch (error) {
    const reason = toAdminError(error, `${step.kind} the ${step.subject}`);
    if (reason.status !== 409 || step.kind !== 'create') throw reason;
  }
}

async function act(api: AdminClient, goal: McpGoal, action: McpAction): Promise<void> {
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
    case 'offer-scope':
      return api.clientScopes.addDefaultOptionalClientScope({
        realm,
        id: (await scopeOf(api, goal, action.scope)).id,
      });
    case 'trust-hosts': {
      const { trustedHosts: policy } = await readMcp(api, goal);
      const id = found(policy?.id, 'Trusted Hosts');
      const hosts = [...new Set([...(policy?.config?.['trusted-hosts'] ?? []), ...action.hosts])];
      const config = { ...policy?.config, 'trusted-hosts': hosts };
      return api.components.update({ realm, id }, { ...policy, config });
    }
    case 'allow-origins': {
      const { webOrigins: policy } = await readMcp(api, goal);
      const id = found(policy?.id, 'Allowed Registration Web Origins');
      const origins = [...new Set([...(policy?.config?.['web-origins'] ?? []), ...action.origins])];
      const config = { ...policy?.config, 'web-origins': origins };
      return api.components.update({ realm, id }, { ...policy, config });
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

async function scopeOf(api: AdminClient, goal: McpGoal, name: string) {
  const scope = (await readMcp(api, goal)).scopes.find((one) => one.name === name);
  return { ...scope, id: found(scope?.id, name) };
}

function found(id: string | undefined, name: string): string {
  if (id === undefined)
    throw new AdminError('missing', 404, `'${name}' is gone: somebody else is changing this realm`);
  return id;
}
