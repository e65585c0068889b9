import { createContext, Script } from 'node:vm';
import type { RoleSet } from '../realm/roles.ts';
import type { DecisionModel, Policy } from './model.ts';
import { listOf, readList } from './read-settings.ts';

/** The user or service account that a decision is about. */
export interface Subject {
  /** Id of the user, or of the client for a service account. */
  readonly id: string;
  readonly username: string;
  readonly isServiceAccount: boolean;
  /** The claims of the token, each as texts. */
  readonly attributes: ReadonlyMap<string, readonly string[]>;
  /** Roles in the token, as of its issue. */
  readonly tokenRoles: RoleSet;
  /** Current roles. */
  readonly roles: RoleSet;
  /** Paths of the current groups. */
  readonly groups: readonly string[];
}

/** The request, as far as policies see it. */
export interface RequestContext {
  readonly attributes: ReadonlyMap<string, readonly string[]>;
  /** Unit: milliseconds since 1970. */
  readonly now: number;
}

/** Everything that policies decide on. */
export interface Question {
  readonly subject: Subject;
  readonly context: RequestContext;
}

/** A pattern can run longer than anybody lives, and nothing else here stops it. Unit: milliseconds. */
const TIMEOUT_MS = 1_000;
const realm = createContext({ pattern: /$/, value: '' });
const matching = new Script('pattern.test(value)');

/**
 * Whether a claim, or a pushed one, matches as a whole. A dot leads into a claim that is an object. `undefined` if the
 * pattern took too long.
 */
function isMatched({ config }: Policy, { subject, context }: Question): boolean | undefined {
  const { attributes } = config.targetContextAttributes === 'true' ? context : subject;
  const value = valueAt(attributes, config.targetClaim ?? '');
  const pattern = toPattern(config.pattern ?? '');
  return value !== undefined && pattern !== undefined && test(pattern, value);
}

function test(pattern: RegExp, value: string): boolean | undefined {
  Object.assign(realm, { pattern, value });
  try {
    return matching.runInContext(realm, { timeout: TIMEOUT_MS }) === true;
  } catch {
    return undefined;
  }
}

/** `undefined` if JavaScript does not understand the pattern. */
function toPattern(text: string): RegExp | undefined {
  try {
    return new RegExp(`^(?:${text})$`, 'u');
  } catch {
    try {
      return new RegExp(`^(?:${text})$`);
    } catch {
      return undefined;
    }
  }
}

function valueAt(attributes: Question['subject']['attributes'], claim: string): string | undefined {
  const parts = claim.split(/(?<!\\)\./).filter((part) => part !== '');
  // A name without a path is used as it is written, backslashes included.
  if (parts.length < 2) return attributes.get(claim)?.[0];
  const [name = '', ...path] = parts.map((part) => part.replaceAll(/\\(.)/g, '$1'));
  const [text] = attributes.get(name) ?? [];
  if (text === undefined) return undefined;
  try {
    let at: unknown = JSON.parse(text);
    for (const part of path) {
      const isOwn = typeof at === 'object' && at !== null && Object.hasOwn(at, part);
      at = isOwn ? (at as Record<string, unknown>)[part] : undefined;
    }
    return at === undefined || at === null ? undefined : toText(at);
  } catch {
    return undefined;
  }
}

/** Writes a list as Java does. */
function toText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(toText).join(', ')}]`;
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

const PARTS = {
  dayMonth: (date: Date) => date.getDate(),
  month: (date: Date) => date.getMonth() + 1,
  year: (date: Date) => date.getFullYear(),
  hour: (date: Date) => date.getHours(),
  minute: (date: Date) => date.getMinutes(),
} as const;

/** Uses the process's time zone, as Keycloak does, and the provider's clock. Both ends of a span belong to it. */
function isInTime({ config }: Policy, { context }: Question): boolean {
  // Keycloak counts whole seconds.
  const now = Math.floor(context.now / 1000) * 1000;
  if (config.nbf && !(now >= toTime(config.nbf))) return false;
  if (config.noa && !(now <= toTime(config.noa))) return false;
  const date = new Date(now);
  return Object.entries(PARTS).every(([name, read]) => {
    const start = config[name];
    if (!start) return true;
    const end = config[`${name}End`] || start;
    return read(date) >= Number(start) && read(date) <= Number(end);
  });
}

/** Reads `yyyy-MM-dd HH:mm:ss` or a day. Any other text grants nothing. */
function toTime(text: string): number {
  const parts = /^\s*(\d{4})-(\d{1,2})-(\d{1,2})(?: (\d{1,2}):(\d{1,2}):(\d{1,2}))?/.exec(text);
  if (parts === null) return Number.NaN;
  const [year = 0, month = 1, ...rest] = parts.slice(1).map((part) => Number(part ?? 0));
  return new Date(year, month - 1, ...rest).getTime();
}

/** Whether a policy grants, before its `logic` is applied. `undefined` if that cannot be told. */
type PolicyKind = (policy: Policy, question: Question) => boolean | undefined;

const KINDS: Readonly<Record<string, PolicyKind>> = {
  role: ({ config }, { subject }) => {
    const roles = config.fetchRoles === 'true' ? subject.roles : subject.tokenRoles;
    return areAllHeld(listOf<Reference>(config, 'roles'), (name) => hasRole(roles, name));
  },
  'client-scope': ({ config }, { subject }) => {
    const granted = subject.attributes.get('scope')?.[0]?.split(' ') ?? [];
    return areAllHeld(listOf<Reference>(config, 'clientScopes'), (name) => granted.includes(name));
  },
  group: ({ config }, { subject }) => {
    const groups = groupsOf(subject, config.groupsClaim ?? '');
    return listOf<GroupDefinition>(config, 'groups').some((one) => isMember(groups, one));
  },
  user: ({ config }, { subject }) => listOf(config, 'users').some((one) => isUser(subject, one)),
  client: ({ config }, { context }) => {
    const [clientId] = context.attributes.get('kc.client.id') ?? [];
    return clientId !== undefined && listOf(config, 'clients').includes(clientId);
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
const isGrantedBy: PolicyKind = (policy, question) => KINDS[policy.type]?.(policy, question);

interface Reference {
  readonly id: string;
  readonly required?: boolean;
}

interface GroupDefinition {
  readonly path?: string;
  readonly extendChildren?: boolean;
}

/** True if one is held, and every required one. */
function areAllHeld(definitions: readonly Reference[], has: (name: string) => boolean): boolean {
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
  const paths = claim === '' ? undefined : attributes.get(claim);
  return paths === undefined || paths.length === 0 ? groups : paths;
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
function isUser({ id, username, isServiceAccount }: Subject, idOrName: string): boolean {
  return !isServiceAccount && (id === idOrName || username === idOrName.toLowerCase());
}

/** Decides on policies, on each one once per question. */
export type PolicyJudge = ReturnType<typeof createPolicyJudge>;

export function createPolicyJudge({ policies }: DecisionModel, question: Question) {
  const known = new Map<string, boolean | undefined>();

  /** `undefined` if this provider cannot decide, which denies wherever it appears. */
  function judge(id: string): boolean | undefined {
    if (known.has(id)) return known.get(id);
    // A policy that leads back to itself cannot be decided.
    known.set(id, undefined);
    const policy = policies.get(id);
    const verdict = policy && decide(policy);
    known.set(id, verdict);
    return verdict;
  }

  function decide(policy: Policy): boolean | undefined {
    if (!isUnderstood(policy) || !isReadable(policy)) return undefined;
    if (isSimpleKind(policy.type)) {
      const isGranted = isGrantedBy(policy, question);
      return isGranted === undefined ? undefined : isGranted !== policy.isNegative;
    }
    if (policy.type !== 'aggregate') return undefined;
    const verdicts = policy.policies.map(judge);
    const isGranted = verdicts.length > 0 && agree(policy, verdicts.map(Boolean));
    // Reversing a refusal that only comes from an undecided policy would admit everybody.
    if (verdicts.includes(undefined) && (!isGranted || policy.isNegative)) return undefined;
    return isGranted !== policy.isNegative;
  }

  return {
    /** The verdicts of the policies that a permission or an aggregate applies. Empty if it applies none. */
    judgeAll: (ids: readonly string[]) => ids.map((id) => judge(id) === true),
  };
}

/** False if Keycloak would not know its logic or its strategy. */
export const isReadable = ({ isNegative, strategy }: Pick<Policy, 'isNegative' | 'strategy'>): boolean =>
  isNegative !== undefined && strategy !== undefined;

/** Combines verdicts by a decision strategy. */
export function agree({ strategy }: Pick<Policy, 'strategy'>, verdicts: readonly boolean[]): boolean {
  const granted = verdicts.filter(Boolean).length;
  if (strategy === 'AFFIRMATIVE') return granted > 0;
  if (strategy === 'CONSENSUS') return granted > verdicts.length - granted;
  return granted === verdicts.length;
}
