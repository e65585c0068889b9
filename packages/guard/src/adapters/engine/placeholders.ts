import { type OptionProblem, OptionsError } from '../../core/index.ts';
import { isPlainObject } from '../../core/internal.ts';

// `':org'` in requirements names a parameter of the route.

/** What a name stands for: a whole value, or a part of a group's path. */
export type PlaceholderForm = 'whole' | 'segment';

const PATTERNS: Readonly<Record<PlaceholderForm, RegExp>> = {
  whole: /^:([A-Za-z_]\w*)$/g,
  segment: /(?<=\/):([A-Za-z_]\w*)(?=\/|$)/g,
};

/** The requirements in which names may stand. */
const FORMS: Readonly<Record<string, PlaceholderForm>> = {
  tenant: 'whole',
  organization: 'whole',
  'organization.alias': 'whole',
  'organization.id': 'whole',
  group: 'segment',
  groupTree: 'segment',
  'organization.group': 'segment',
  'organization.groupTree': 'segment',
};

/** What becomes of the parts of requirements that depend on a request. */
export interface Filling {
  toValue(name: string, form: PlaceholderForm): string;
  /** Requirements in the place of a function. */
  resultOf(one: (...asked: readonly never[]) => unknown): unknown;
}

/** A copy of requirements without names and functions. What is not plain stays as it is, and is refused later. */
export function fillRequirements(requirements: unknown, { toValue, resultOf }: Filling): unknown {
  return visit(requirements, '', resultOf, (text, member) => {
    const form = FORMS[member];
    return form === undefined
      ? text
      : text.replace(PATTERNS[form], (_all, name: string) => toValue(name, form));
  });
}

/**
 * The parts of requirements that depend on a request.
 *
 * @param areKnown whether there is a router that knows parameters
 * @throws {OptionsError} for a name in a requirement that takes none, or where no router knows it
 */
export function findAsking(requirements: unknown, areKnown: boolean) {
  const names = new Set<string>();
  const functions: ((...asked: readonly never[]) => unknown)[] = [];
  const problems: OptionProblem[] = [];
  const onFunction = (one: (...asked: readonly never[]) => unknown) => void functions.push(one);
  visit(requirements, '', onFunction, (text, member) => {
    const form = FORMS[member];
    const found =
      form === undefined ? [] : [...text.matchAll(PATTERNS[form])].map(([, name]) => name as string);
    for (const name of found) names.add(name);
    const isMisplaced = form !== 'whole' && text.match(PATTERNS.whole) !== null;
    if (isMisplaced || (!areKnown && found.length > 0)) problems.push(toProblem(member, form, areKnown));
    return text;
  });
  if (problems.length > 0) throw new OptionsError('guard', problems);
  return { names: [...names], functions };
}

function toProblem(option: string, form: PlaceholderForm | undefined, areKnown: boolean): OptionProblem {
  if (!areKnown) {
    const rule = 'names a route parameter, which is not known here: give the guard a function of the request';
    return { option, rule, example: '(request) => ({ tenant: tenantOf(request) })' };
  }
  const rule =
    'names a route parameter, which can stand only for a tenant, an organization, or a part of a group';
  const example =
    form === 'segment' ? "'/customers/:org'" : '(request) => ({ realmRole: roleOf(request.params.org) })';
  return { option, rule, example };
}

/** @param member the requirement that the value belongs to; empty: the value is requirements itself */
function visit(
  value: unknown,
  member: string,
  onFunction: Filling['resultOf'],
  onString: (text: string, member: string) => string,
): unknown {
  const inside = (one: unknown, name: string) => visit(one, name, onFunction, onString);
  if (typeof value === 'string') return onString(value, member);
  if (typeof value === 'function' && member === '') return onFunction(value as never);
  if (Array.isArray(value)) return value.map((one) => inside(one, member));
  if (!isPlainObject(value)) return value;
  const nameOf = (name: string) =>
    name === 'allOf' || name === 'anyOf' ? '' : member === '' ? name : `${member}.${name}`;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, inside(one, nameOf(name))]));
}
