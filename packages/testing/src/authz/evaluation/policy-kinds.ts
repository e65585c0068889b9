import type { RoleSet } from '../../realm/roles.ts';
import type { Policy } from '../model.ts';
import { listOf, readList } from '../read-settings.ts';
import { isMatched, toPattern } from './regex-policy.ts';
import type { Question, Subject } from './subject.ts';
import { isInTime } from './time-policy.ts';

/** Whether a policy grants, before its `logic` is applied. `undefined` if that cannot be told. */
type PolicyKind = (policy: Policy, question: Question) => boolean | undefined;

const KINDS: Readonly<Record<string, PolicyKind>> = {
  role: ({ config }, { subject }) => {
    const roles = config.fetchRoles === 'true' ? subject.roles : subject.tokenRoles;
    return areHeld(listOf<Named>(config, 'roles'), (name) => hasRole(roles, name));
  },
  'client-scope': ({ config }, { subject }) => {
    const granted = subject.attributes.get('scope')?.[0]?.split(' ') ?? [];
    return areHeld(listOf<Named>(config, 'clientScopes'), (name) => granted.includes(name));
  },
  group: ({ config }, { subject }) => {
    const groups = groupsOf(subject, config.groupsClaim ?? '');
    return listOf<GroupDefinition>(config, 'groups').some((one) => isMember(groups, one));
  },
  user: ({ config }, { subject }) => listOf(config, 'users').some((one) => isUser(subject, one)),
  client: ({ config }, { context }) => {
    const [asking] = context.attributes.get('kc.client.id') ?? [];
    return asking !== undefined && listOf(config, 'clients').includes(asking);
  },
  regex: isMatched,
  time: isInTime,
};

/** Whether a type is decided without other policies. */
export const isSimpleKind = (type: string): boolean => Object.hasOwn(KINDS, type);
/** Whether its list is JSON, and its pattern valid in JavaScript. */
export function isUnderstood({ type, config }: Pick<Policy, 'type' | 'config'>): boolean {
  const list = LISTS[type];
  if (list !== undefined) return readList(config, list) !== undefined;
  return type !== 'regex' || toPattern(config.pattern ?? '') !== undefined;
}

const LISTS: Readonly<Record<string, string>> = {
  ...{ role: 'roles', 'client-scope': 'clientScopes', group: 'groups' },
  ...{ user: 'users', client: 'clients' },
};
export const isGrantedBy: PolicyKind = (policy, question) => KINDS[policy.type]?.(policy, question);

interface Named {
  readonly id: string;
  readonly required?: boolean;
}

interface GroupDefinition {
  readonly path?: string;
  readonly extendChildren?: boolean;
}

/** True if one is held, and every required one. */
function areHeld(definitions: readonly Named[], has: (name: string) => boolean): boolean {
  const isMissing = definitions.some(({ id, required }) => required === true && !has(id));
  return !isMissing && definitions.some(({ id }) => has(id));
}

/** `role` of the realm, or `client/role`. */
function hasRole({ realm, client }: RoleSet, name: string): boolean {
  if (realm.has(name)) return true;
  const at = name.indexOf('/');
  return at > 0 && client.get(name.slice(0, at))?.has(name.slice(at + 1)) === true;
}

/** Reads the claim if the token has it, as Keycloak does, although a token may carry other groups than the user has. */
function groupsOf({ attributes, groups }: Subject, claim: string): readonly string[] {
  const named = claim === '' ? undefined : attributes.get(claim);
  return named === undefined || named.length === 0 ? groups : named;
}

/** A group without a slash is only a name. */
function isMember(groups: readonly string[], { path = '', extendChildren }: GroupDefinition): boolean {
  const allowed = path.startsWith('/') ? path : `/${path}`;
  const name = allowed.slice(allowed.lastIndexOf('/') + 1);
  return groups.some((group) => {
    if (group === name) return true;
    if (!group.includes('/')) return false;
    return group === allowed || (extendChildren === true && group.startsWith(`${allowed}/`));
  });
}

/** Policies know a service account as its client, not as a user. */
function isUser({ id, username, isServiceAccount }: Subject, named: string): boolean {
  return !isServiceAccount && (id === named || username === named.toLowerCase());
}
