import type AdminClient from '@keycloak/keycloak-admin-client';
import type PolicyResultRepresentation from '@keycloak/keycloak-admin-client/lib/defs/policyResultRepresentation.js';
import { AdminError, toAdminError } from '../admin-error.ts';
import { findUser, rolesOf } from '../connection.ts';
import type { AuthzState } from './current.ts';
import { type Item, namesIn } from './model.ts';

export interface UserFacts {
  readonly api: AdminClient;
  readonly realm: string;
  readonly userId: string;
  readonly username: string;
}

export interface Finding {
  readonly text: string;
  /** `undefined` if it does not depend on the user alone. */
  readonly has?: boolean;
}

/**
 * The conditions of a policy, and whether this user meets them: roles (composite ones too), groups, names. Conditions on the token or
 * the time are only named.
 */
async function judgePolicy(
  item: Item,
  facts: UserFacts,
): Promise<{ isPermit: boolean | undefined; findings: Finding[] }> {
  switch (item.type) {
    case 'role': {
      const entries = entriesOf(item, 'roles');
      const { api, realm, userId: id } = facts;
      const clients = entries.flatMap(({ name }) => /^([^/]*)\//.exec(name)?.[1] ?? []);
      const userRoles = await rolesOf(api, { realm, id }, clients, (client, role) => `${client}/${role}`);
      const findings = entries.map(({ name, isOn }) => ({
        text: `role ${name}${isOn ? ' (required)' : ''}`,
        has: userRoles.has(name),
      }));
      const required = findings.filter((_, index) => entries[index]?.isOn);
      return { isPermit: findings.some(({ has }) => has) && required.every(({ has }) => has), findings };
    }
    case 'group': {
      const groups = await facts.api.users.listGroups({ realm: facts.realm, id: facts.userId });
      const findings = entriesOf(item, 'groups').map(({ name, isOn }) => ({
        text: `group ${name}${isOn ? ' or one below' : ''}`,
        has: groups.some(({ path = '' }) => path === name || (isOn && path.startsWith(`${name}/`))),
      }));
      return { isPermit: findings.some(({ has }) => has), findings };
    }
    case 'user': {
      const users = namesIn(item, 'users');
      const has = users.includes(facts.username.toLowerCase());
      return { isPermit: has, findings: [{ text: `user ${users.join(' or ')}`, has }] };
    }
    case 'client':
      return said(
        `for tokens of ${namesIn(item, 'clients').join(', ')}; here Keycloak takes one of this client`,
      );
    case 'client-scope':
      return said(`for tokens with the scope ${namesIn(item, 'clientScopes').join(', ')}`);
    case 'regex':
      return said(`${item.targetClaim} has to match ${item.pattern}`);
    case 'time': {
      const limits = Object.entries(item).filter(
        ([name]) => !['name', 'type', 'description', 'logic'].includes(name),
      );
      return said(limits.map(([name, value]) => `${name} ${value}`).join(', '));
    }
    default:
      return { isPermit: undefined, findings: [] };
  }
}

function said(text: string): { isPermit: undefined; findings: Finding[] } {
  return { isPermit: undefined, findings: [{ text }] };
}

function entriesOf(item: Item, member: string): { name: string; isOn: boolean }[] {
  const all = (item[member] ?? []) as readonly unknown[];
  return namesIn(item, member).map((name, index) => ({ name, isOn: typeof all[index] !== 'string' }));
}

export interface PermissionQuestion {
  readonly resource: string;
  readonly scope: string | undefined;
}

export interface Reason {
  readonly name: string;
  readonly what: string;
  /** Keycloak's result. For the parts of an aggregate, which Keycloak does not report, it follows from the user's roles and groups. */
  readonly isPermit: boolean | undefined;
  readonly findings: readonly Finding[];
  readonly isNegative: boolean;
  readonly parts: readonly Reason[];
}

export type Answer = Awaited<ReturnType<typeof askWhy>>;

const hasPermit = ({ status }: { readonly status?: unknown } = {}): boolean => status === 'PERMIT';

/** Has Keycloak evaluate a permission for a user, and reads its answer. */
export async function askWhy(
  api: AdminClient,
  state: AuthzState,
  username: string,
  question: PermissionQuestion,
) {
  const { realm, clientUuid: id, model } = state;
  if (!state.isOn) throw missing(`The client '${state.clientId}' has no authorization services`);
  const resource = model.lists.resources.get(question.resource);
  if (resource === undefined)
    throw missing(`The client '${state.clientId}' owns no resource '${question.resource}'`);
  const scopes = namesIn(resource, 'scopes');
  if (question.scope === undefined && scopes.length > 0)
    throw missing(
      `The resource '${question.resource}' has scopes, ask for one: ${scopes.map((one) => `${question.resource}#${one}`).join(', ')}`,
    );
  if (question.scope !== undefined && !scopes.includes(question.scope)) {
    const has = scopes.length === 0 ? 'has no scopes' : `has the scopes ${scopes.join(', ')}`;
    throw missing(`The resource '${question.resource}' has no scope '${question.scope}': it ${has}`);
  }
  try {
    const user = await findUser(api, realm, username);
    if (user?.id === undefined) throw missing(`There is no user '${username}' in the realm '${realm}'`);
    const target = { _id: state.ids.resources.get(question.resource), name: question.resource };
    const evaluatedScopes = question.scope === undefined ? [] : [{ name: question.scope }];
    const response = await api.clients.evaluateResource({ realm, id }, {
      userId: user.id,
      resources: [{ ...target, scopes: evaluatedScopes }],
      context: { attributes: {} },
    } as never);
    const [result] = response.results ?? [];
    const facts: UserFacts = { api, realm, userId: user.id, username: user.username ?? username };
    const applied = (result?.policies ?? []).filter(({ policy }) => isAbout(policy, question.scope));
    const reasons: Reason[] = [];
    for (const one of applied) reasons.push(await toReason(one, state, facts));
    return {
      isGranted: hasPermit(result),
      mode: model.switches.policyEnforcementMode ?? 'ENFORCING',
      strategy: model.switches.decisionStrategy ?? 'UNANIMOUS',
      reasons: reasons.sort(byName),
    };
  } catch (error) {
    throw toAdminError(error, `evaluate ${question.resource} for ${username}`);
  }
}

/** Keycloak lists the permissions of the resource's other scopes too. */
function isAbout(policy: PolicyResultRepresentation['policy'], scope: string | undefined): boolean {
  return policy?.type !== 'scope' || scope === undefined || (policy.scopes ?? []).includes(scope);
}

async function toReason(
  result: PolicyResultRepresentation,
  state: AuthzState,
  facts: UserFacts,
): Promise<Reason> {
  const { policy, associatedPolicies = [] } = result;
  const { permissions } = state.model.lists;
  const item = permissions.get(policy?.name ?? '');
  const parts: Reason[] = [];
  for (const one of associatedPolicies)
    parts.push(await toPart(one.policy?.name ?? '', one.policy?.type ?? '', hasPermit(one), state, facts));
  parts.sort(byName);
  return {
    name: policy?.name ?? '',
    what: `${policy?.type === 'scope' ? 'scope' : 'resource'} permission`,
    isPermit: hasPermit(result),
    findings: item === undefined || parts.length < 2 ? [] : [{ text: words(item.decisionStrategy) }],
    // Keycloak turns round what policies say alone.
    isNegative: false,
    parts,
  };
}

async function toPart(
  name: string,
  type: string,
  isPermit: boolean | undefined,
  state: AuthzState,
  facts: UserFacts,
): Promise<Reason> {
  const item = state.model.lists.policies.get(name);
  if (item === undefined)
    return { name, what: `${type} policy`, isPermit, findings: [], isNegative: false, parts: [] };
  const parts: Reason[] = [];
  for (const part of item.type === 'aggregate' ? namesIn(item, 'policies') : [])
    parts.push(await toPart(part, state.foreign.get(part) ?? '', undefined, state, facts));
  const judged = await judgePolicy(item, facts);
  const findings = item.type === 'aggregate' ? [{ text: words(item.decisionStrategy) }] : judged.findings;
  const turned: Finding[] = item.logic === 'NEGATIVE' ? [{ text: 'turned round (NEGATIVE)' }] : [];
  return {
    name,
    what: `${String(item.type)} policy`,
    isPermit: isPermit ?? turn(item, item.type === 'aggregate' ? undefined : judged.isPermit),
    findings: [...findings, ...turned],
    isNegative: item.logic === 'NEGATIVE',
    parts,
  };
}

function byName(a: Reason, b: Reason): number {
  return a.name < b.name ? -1 : 1;
}

function turn(item: Item, isPermit: boolean | undefined): boolean | undefined {
  return isPermit === undefined ? undefined : (item.logic === 'NEGATIVE') !== isPermit;
}

function words(strategy: unknown): string {
  if (strategy === 'AFFIRMATIVE') return 'one of them has to permit';
  return strategy === 'CONSENSUS' ? 'more have to permit than deny' : 'all of them have to permit';
}

function missing(message: string): AdminError {
  return new AdminError('missing', 404, message);
}
