import { type Blocked, change, type Plan, type Step, switchedOn, toChange } from '../plan/step.ts';
import type { AuthzState } from './current.ts';
import { type AuthzModel, type Item, namesIn, permissionType, SECTIONS, type Section } from './model.ts';

export type AuthzStep = Step<
  | { readonly type: 'switch-on' }
  | { readonly type: 'set-switches'; readonly switches: AuthzModel['switches'] }
  | {
      readonly type: 'put';
      readonly section: Section;
      readonly item: Item;
      readonly before: Item | undefined;
    }
  | { readonly type: 'delete'; readonly section: Section; readonly name: string }
>;

export interface AuthzPlan extends Plan<AuthzStep> {
  readonly refused: readonly string[];
}

const SINGULAR = {
  scopes: 'scope',
  resources: 'resource',
  policies: 'policy',
  permissions: 'permission',
} as const;

const DEFAULT_POLICY = 'Default Policy';

/** Up to Keycloak 26.4, a new client has these. Together they let every user in on every path. */
export const DEFAULTS: readonly (readonly [Section, string])[] = [
  ['permissions', 'Default Permission'],
  ['policies', DEFAULT_POLICY],
  ['resources', 'Default Resource'],
];

const isDefault = (section: Section, name: string): boolean =>
  DEFAULTS.some(([inSection, one]) => inSection === section && one === name);

/**
 * Compares the file with Keycloak. Things are created in the order in which they need one another. Deletions come last, in the
 * reverse order: only with `prune`, things that the file lacks are deleted.
 */
export function planAuthz(target: AuthzModel, state: AuthzState, prune: boolean): AuthzPlan {
  const refused = findRefused(target, state);
  const blocked: Blocked[] = [];
  const steps = [...planSwitches(target, state)];
  const kept: string[] = [];
  for (const section of SECTIONS) {
    let same = 0;
    for (const item of inOrder(target.lists[section])) {
      const before = state.model.lists[section].get(item.name);
      const step = planItem(section, item, before);
      if (step === undefined) same++;
      else steps.push(step);
    }
    if (same > 0) kept.push(`${same} ${same === 1 ? SINGULAR[section] : section}: as in the file`);
  }
  const untouched = isUntouched(state);
  const first: AuthzStep[] = [];
  for (const section of [...SECTIONS].reverse()) {
    for (const name of extraOf(section, target, state)) {
      const subject = `${SINGULAR[section]} ${JSON.stringify(name)}`;
      const step: AuthzStep = {
        kind: 'delete',
        subject,
        changes: [],
        action: { type: 'delete', section, name },
      };
      if (section === 'scopes' && state.scopesOfUsers.has(name)) {
        kept.push(`${subject}: not in the file, but resources of users have it`);
      } else if (untouched && isDefault(section, name)) {
        first.push(step);
      } else if (prune) {
        steps.push(step);
      } else if (isDefault(section, name)) {
        blocked.push({
          subject,
          why: 'comes with a new client of Keycloak up to 26.4: together the three let every user in on every path',
          fix: 'run apply with --prune, which takes away all that is not in the file',
        });
      } else {
        kept.push(`${subject}: not in the file (--prune deletes it)`);
      }
    }
  }
  for (const [name, type] of state.foreign)
    if (name !== DEFAULT_POLICY)
      kept.push(`${JSON.stringify(name)} (${type}): a file cannot hold it, it is left alone`);
  return { steps: [...first, ...steps], kept, blocked: [...blocked, ...findOpen(target, state)], refused };
}

/** Names of objects that only Keycloak has, in an order in which they can be deleted. */
function extraOf(section: Section, target: AuthzModel, state: AuthzState): string[] {
  const extra = inOrder(state.model.lists[section]).filter(({ name }) => !target.lists[section].has(name));
  const names = extra.map(({ name }) => name).reverse();
  const hasScript = section === 'policies' && state.foreign.get(DEFAULT_POLICY) === 'js';
  return hasScript && !usesDefaultPolicy(target) ? [...names, DEFAULT_POLICY] : names;
}

export function usesDefaultPolicy({ lists }: AuthzModel): boolean {
  const users = [...lists.policies.values(), ...lists.permissions.values()];
  return users.some((item) => namesIn(item, 'policies').includes(DEFAULT_POLICY));
}

/** Whether only Keycloak's own objects exist, for example after a run that was cut off right after it switched it on. */
function isUntouched({ model, foreign }: AuthzState): boolean {
  return (
    SECTIONS.every((section) => [...model.lists[section].keys()].every((name) => isDefault(section, name))) &&
    [...foreign.keys()].every((name) => name === DEFAULT_POLICY)
  );
}

function planSwitches(target: AuthzModel, { isOn, clientId, model }: AuthzState): AuthzStep[] {
  const subject = `authorization services of the client ${clientId}`;
  const on = toChange(subject, [switchedOn('authorization, with service accounts roles')], {
    type: 'switch-on',
  } as const);
  const changes = Object.entries(target.switches).flatMap(([field, to]) => {
    const from = model.switches[field as keyof AuthzModel['switches']];
    return from === to ? [] : [change(field, String(to), String(from ?? ''))];
  });
  const set = toChange(subject, changes, { type: 'set-switches', switches: target.switches } as const);
  return [...(isOn ? [] : [on]), ...(changes.length > 0 ? [set] : [])];
}

function planItem(section: Section, item: Item, before: Item | undefined): AuthzStep | undefined {
  const fields = [...new Set([...Object.keys(before ?? {}), ...Object.keys(item)])].filter(
    (one) => one !== 'name',
  );
  const changes = fields.flatMap((field) => {
    const [from, to] = [toText(before?.[field]), toText(item[field])];
    return from === to ? [] : [change(field, to === '' ? '(none)' : to, from)];
  });
  if (before !== undefined && changes.length === 0) return undefined;
  return {
    kind: before === undefined ? 'create' : 'change',
    subject: `${SINGULAR[section]} ${JSON.stringify(item.name)}`,
    changes,
    action: { type: 'put', section, item, before },
  };
}

/** For people: a list without its brackets. */
function toText(value: unknown): string {
  if (value === undefined) return '';
  if (!Array.isArray(value)) return typeof value === 'string' ? value : JSON.stringify(value);
  return value.map((one) => (typeof one === 'string' ? one : JSON.stringify(one))).join(', ');
}

/** An aggregate after its parts, everything else as it stands. */
function inOrder(items: ReadonlyMap<string, Item>): Item[] {
  const ordered = new Set<Item>();
  const add = (item: Item) => {
    if (ordered.has(item)) return;
    for (const name of item.type === 'aggregate' ? namesIn(item, 'policies') : []) {
      const part = items.get(name);
      if (part !== undefined && part !== item) add(part);
    }
    ordered.add(item);
  };
  for (const item of items.values()) add(item);
  return [...ordered];
}

/** Mistakes that Keycloak would refuse half-way, or accept silently. */
function findRefused(target: AuthzModel, { isPublic, isOn, clientId, model, foreign }: AuthzState): string[] {
  const refused: string[] = [];
  const { policies, permissions } = target.lists;
  if (isPublic && !isOn)
    refused.push(`the client '${clientId}' is public: authorization services need a client with a secret`);
  for (const item of [...policies.values(), ...permissions.values()])
    for (const name of namesIn(item, 'policies'))
      if (!policies.has(name) && !foreign.has(name))
        refused.push(
          `${JSON.stringify(item.name)} uses the policy ${JSON.stringify(name)}, which is not in the file`,
        );
  for (const item of [...policies.values(), ...permissions.values()]) {
    const there = model.lists.policies.get(item.name) ?? model.lists.permissions.get(item.name);
    const type = there === undefined ? foreign.get(item.name) : typeOf(there);
    if (type !== undefined && type !== typeOf(item))
      refused.push(
        `${JSON.stringify(item.name)} is of type ${type} in Keycloak and ${typeOf(item)} in the file, and types cannot be changed: give it another name (--prune deletes the old one)`,
      );
  }
  return refused;
}

function typeOf(item: Item): string {
  return typeof item.type === 'string' ? `${item.type} policy` : `${permissionType(item)} permission`;
}

function findOpen(target: AuthzModel, { model }: AuthzState): Blocked[] {
  const mode = target.switches.policyEnforcementMode ?? model.switches.policyEnforcementMode ?? 'ENFORCING';
  if (mode === 'ENFORCING') return [];
  const why =
    mode === 'DISABLED'
      ? 'everything is granted to everybody'
      : 'requests that no permission covers are granted to everybody';
  return [
    {
      subject: `policyEnforcementMode ${mode}`,
      why,
      fix: '"policyEnforcementMode": "ENFORCING" in the file',
    },
  ];
}
