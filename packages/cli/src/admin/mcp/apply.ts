import type AdminClient from '@keycloak/keycloak-admin-client';
import { found, gone } from '../admin-error.ts';
import type { ActionOf } from '../plan/step.ts';
import { policyIn, readDocuments, readRegistrationPolicies } from './current.ts';
import { withDocuments } from './documents.ts';

interface At {
  readonly api: AdminClient;
  readonly realm: string;
}

/** The actions that only an MCP server needs. */
export const MCP_ACTIONS = {
  async 'set-scope-attributes'(at: At, action: ActionOf<'set-scope-attributes'>) {
    const scope = await scopeOf(at, action.scope);
    const attributes = { ...scope.attributes, 'include.in.token.scope': 'true' };
    return at.api.clientScopes.update({ realm: at.realm, id: scope.id }, { ...scope, attributes });
  },
  async 'add-scope-mapper'(at: At, { scope, mapper }: ActionOf<'add-scope-mapper'>) {
    const { id } = await scopeOf(at, scope);
    return at.api.clientScopes.addProtocolMapper({ realm: at.realm, id }, mapper);
  },
  async 'offer-scope'(at: At, { scope }: ActionOf<'offer-scope'>) {
    const { id } = await scopeOf(at, scope);
    return at.api.clientScopes.addDefaultOptionalClientScope({ realm: at.realm, id });
  },
  'trust-hosts': (at: At, { hosts }: ActionOf<'trust-hosts'>) =>
    extend(at, 'trusted-hosts', 'trusted-hosts', hosts),
  'allow-origins': (at: At, { origins }: ActionOf<'allow-origins'>) =>
    extend(at, 'registration-web-origins', 'web-origins', origins),
  async 'take-documents'({ api, realm }: At, { policy }: ActionOf<'take-documents'>) {
    const there = await readDocuments(api, realm);
    // What is written replaces all that the realm has: nothing is known of it.
    if (!there.isOffered) throw gone('the support of metadata documents');
    const { profiles, policies } = withDocuments(there, policy);
    await api.clientPolicies.createProfiles({ realm, profiles });
    return api.clientPolicies.updatePolicy({ realm, policies });
  },
};

/** Adds values to a list of a policy of registration. */
async function extend({ api, realm }: At, policy: string, list: string, values: readonly string[]) {
  const there = found(policyIn(await readRegistrationPolicies(api, realm), policy), policy);
  const all = [...new Set([...(there.config?.[list] ?? []), ...values])];
  const id = there.id as string;
  return api.components.update({ realm, id }, { ...there, config: { ...there.config, [list]: all } });
}

async function scopeOf({ api, realm }: At, wanted: string) {
  const all = await api.clientScopes.find({ realm });
  const scope = found(
    all.find(({ name }) => name === wanted),
    wanted,
  );
  return { ...scope, id: scope.id as string };
}
