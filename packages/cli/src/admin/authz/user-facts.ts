import type AdminClient from '@keycloak/keycloak-admin-client';
import { findClient } from '../look-up.ts';
import { type Item, namesIn } from './model.ts';

/** The user in question. */
export interface UserFacts {
  readonly api: AdminClient;
  readonly realm: string;
  readonly userId: string;
  readonly username: string;
}

/** One thing that a policy looks at. */
export interface Finding {
  readonly text: string;
  /** `undefined` if it does not depend on the user alone. */
  readonly has?: boolean;
}

/**
 * What a policy asks for, and whether this user has it: roles (composite ones too), groups, names. Conditions on the token or
 * the time are only named.
 */
export async function judgePolicy(
  item: Item,
  facts: UserFacts,
): Promise<{ isPermit: boolean | undefined; findings: Finding[] }> {
  switch (item.type) {
    case 'role': {
      const entries = entriesOf(item, 'roles');
      const held = await rolesOf(facts, entries);
      const findings = entries.map(({ name, isOn }) => ({
        text: `role ${name}${isOn ? ' (required)' : ''}`,
        has: held.has(name),
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

/** Names, and whether `required` or `extendChildren` is on. */
function entriesOf(item: Item, member: string): { name: string; isOn: boolean }[] {
  const all = (item[member] ?? []) as readonly unknown[];
  return namesIn(item, member).map((name, index) => ({ name, isOn: typeof all[index] !== 'string' }));
}

async function rolesOf(
  { api, realm, userId: id }: UserFacts,
  roles: readonly { name: string }[],
): Promise<ReadonlySet<string>> {
  const ofRealm = await api.users.listCompositeRealmRoleMappings({ realm, id });
  const held = new Set(ofRealm.map(({ name }) => name ?? ''));
  const clients = new Set(
    roles.filter(({ name }) => name.includes('/')).map(({ name }) => name.split('/')[0] ?? ''),
  );
  for (const clientId of clients) {
    const client = await findClient(api, realm, clientId);
    if (client?.id === undefined) continue;
    const some = await api.users.listCompositeClientRoleMappings({ realm, id, clientUniqueId: client.id });
    for (const { name } of some) held.add(`${clientId}/${name}`);
  }
  return held;
}
