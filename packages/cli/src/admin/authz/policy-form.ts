import { type Item, type Section, toItem } from './model.ts';

/** A policy or a permission in Keycloak's settings, where `config` holds lists as JSON in texts. */
export interface KeycloakPolicy {
  readonly name: string;
  readonly type: string;
  readonly description?: string;
  readonly logic?: string;
  readonly decisionStrategy?: string;
  readonly config?: Readonly<Record<string, string>>;
}

type Entry = { id?: string; path?: string; required?: boolean; extendChildren?: boolean };

/** Reads one of Keycloak's settings. */
export function toPolicyItem(section: Section, policy: KeycloakPolicy): Item {
  const { name, type, description, logic, decisionStrategy, config = {} } = policy;
  const list = <T>(member: string): T[] => JSON.parse(config[member] ?? '[]') as T[];
  const needed = (member: string) =>
    list<Entry>(member).map(({ id, required }) => ({ name: id, required: required ?? false }));
  const isOn = (member: string) => config[member] === 'true';
  const about = { name, description, logic, decisionStrategy };
  if (section === 'permissions') {
    const names = { resources: list('resources'), scopes: list('scopes'), policies: list('applyPolicies') };
    return toItem('permissions', { ...about, ...names, resourceType: config.defaultResourceType });
  }
  const read: Record<string, () => object> = {
    role: () => ({ roles: needed('roles'), fetchRoles: isOn('fetchRoles') }),
    group: () => ({
      groups: list<Entry>('groups').map(({ path, extendChildren }) => ({
        path,
        extendChildren: extendChildren ?? false,
      })),
      groupsClaim: config.groupsClaim,
    }),
    user: () => ({ users: list('users') }),
    client: () => ({ clients: list('clients') }),
    'client-scope': () => ({ clientScopes: needed('clientScopes') }),
    regex: () => ({ ...config, targetContextAttributes: isOn('targetContextAttributes') }),
    time: () => toTimes(config),
    aggregate: () => ({ policies: list('applyPolicies') }),
  };
  return toItem('policies', { ...about, type, ...read[type]?.() });
}

function toTimes({ nbf, noa, ...others }: Readonly<Record<string, string>>): object {
  const numbers = Object.entries(others).map(([name, value]) => [name, Number(value)]);
  return { notBefore: nbf, notOnOrAfter: noa, ...Object.fromEntries(numbers) };
}

/**
 * Writes one for Keycloak's endpoint of its type. It has every member, because an omitted one would keep its old value.
 *
 * @param before Keycloak's current one
 */
export function toPolicyBody(item: Item, before: Item | undefined): Record<string, unknown> {
  const { logic = 'POSITIVE', decisionStrategy = 'UNANIMOUS', description = '' } = item;
  const body: Record<string, unknown> = { ...item, logic, decisionStrategy, description };
  const needed = (member: string) =>
    (item[member] as (string | { name: string })[]).map((one) =>
      typeof one === 'string' ? { id: one, required: false } : { id: one.name, required: true },
    );
  if (item.type === 'role') {
    body.roles = needed('roles');
  }
  for (const [member] of NEWER) {
    // An older Keycloak refuses the member, even `false`.
    if (before?.[member] === true) body[member] = item[member] ?? false;
  }
  if (item.type === 'client-scope') body.clientScopes = needed('clientScopes');
  if (item.type === 'group') {
    body.groupsClaim = item.groupsClaim ?? '';
    body.groups = (item.groups as (string | object)[]).map((one) =>
      typeof one === 'string' ? { path: one, extendChildren: false } : one,
    );
  }
  return body;
}

/** Members for which older Keycloaks answer 500, and the first version that knows them. */
const NEWER = [
  ['fetchRoles', '26'],
  ['targetContextAttributes', '24'],
] as const;

/** A likely reason why Keycloak fails at a policy; else nothing. */
export function blameVersion(item: Item): string {
  return NEWER.flatMap(([member, version]) =>
    item[member] === undefined ? [] : [` (Keycloak before ${version} does not know ${member})`],
  ).join('');
}
