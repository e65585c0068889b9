import {
  type AppClaims,
  AuthError,
  isAuthError,
  type OptionProblem,
  OptionsError,
  type Requirements,
  type TokenVerifier,
} from '../../core/index.ts';
import {
  type Compiled,
  compile,
  type GuardOptions,
  isPlainObject,
  isThenable,
  ofEach,
  toSafeText,
} from '../../core/internal.ts';

// `':org'` in requirements names a parameter of the route.

/** A name stands for a whole value, or for a part of a group's path. */
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

/** Replaces the parts of requirements that depend on a request. */
export interface Filling {
  toValue(name: string, form: PlaceholderForm): string;
  /** Requirements in the place of a function. */
  resultOf(one: (...args: readonly never[]) => unknown): unknown;
}

/** A copy of requirements without names and functions. What is not plain stays as it is, and is refused later. */
function fillRequirements(requirements: unknown, { toValue, resultOf }: Filling): unknown {
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
export function findRequestParts(requirements: unknown, areKnown: boolean) {
  const names = new Set<string>();
  const functions: ((...args: readonly never[]) => unknown)[] = [];
  const problems: OptionProblem[] = [];
  const onFunction = (one: (...args: readonly never[]) => unknown) => void functions.push(one);
  visit(requirements, '', onFunction, (text, member) => {
    const form = FORMS[member];
    const matches =
      form === undefined ? [] : [...text.matchAll(PATTERNS[form])].map(([, name]) => name as string);
    for (const name of matches) names.add(name);
    const isMisplaced = form !== 'whole' && text.match(PATTERNS.whole) !== null;
    if (isMisplaced || (!areKnown && matches.length > 0)) problems.push(toProblem(member, form, areKnown));
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

/**
 * Requirements by a request, for callers who were authenticated. Synchronous. What it gives is checked like fixed requirements:
 * `undefined`, nothing and a promise let nobody in.
 */
export type RequirementsOf<AppRequest, C extends object = AppClaims> = (
  request: AppRequest,
  // biome-ignore lint/suspicious/noExplicitAny: arguments of the framework.
  ...more: any[]
) => Requirements<C>;

/** Requirements, of which those in `allOf` and `anyOf` may be functions of the request. */
export type RequestGuardOptions<AppRequest, O extends object = GuardOptions> = Omit<O, 'allOf' | 'anyOf'> & {
  readonly allOf?: readonly GuardRequirements<AppRequest, Requirements>[];
  readonly anyOf?: readonly GuardRequirements<AppRequest, Requirements>[];
};

/** Requirements, which may be a function of the request. */
export type GuardRequirements<AppRequest, O extends object = GuardOptions> =
  | RequirementsOf<AppRequest>
  | RequestGuardOptions<AppRequest, O>;

/** How requirements read requests. */
export interface RequirementsHost<Incoming> {
  /** Checks them at start; of many realms, that of the request decides. */
  readonly verifier: TokenVerifier;
  /** The arguments of the application's functions. */
  toAppRequest(request: Incoming): readonly unknown[];
  /** The parameters of the route, as the router decoded them. `undefined` where there is no router. */
  readonly paramsOf: ((request: Incoming) => unknown) | undefined;
  /** For the notice. */
  nameOf(request: Incoming): string;
}

/** Requirements as a guard takes them. */
export interface ReadRequirements<Incoming> {
  /** Complete if they are fixed. Else with examples that are never met: for the check at start, and for documents. */
  readonly options: GuardOptions;
  readonly compiledFor?: (request: Incoming, realm: TokenVerifier) => Compiled;
}

/** Most causes that one guard reports: what a function throws may hold what the caller sent. */
const MOST_REPORTED = 20;
const NEVER = { check: () => false };

/**
 * Reads requirements that may depend on the request. Fixed ones cost a request nothing.
 *
 * @throws {OptionsError} for a misspelt or empty requirement, an async function, and a route parameter where none is known
 */
export function readRequirements<Incoming>(
  requirements: unknown,
  host: RequirementsHost<Incoming>,
): ReadRequirements<Incoming> {
  const { verifier, paramsOf } = host;
  const { names, functions } = findRequestParts(requirements, paramsOf !== undefined);
  if (names.length + functions.length === 0) return { options: requirements as GuardOptions };
  if (functions.some((one) => one.constructor.name === 'AsyncFunction')) {
    const rule = 'must not be async: what it gives is needed at once';
    throw new OptionsError('guard', [
      { option: 'guard', rule, example: '(request) => ({ tenant: request.params.org })' },
    ]);
  }
  const sample = fillRequirements(requirements, {
    toValue: () => 'x',
    resultOf: () => NEVER,
  }) as GuardOptions;
  compile(toRequirements(sample), verifier);
  const readerOf = ofEach((realm: TokenVerifier) => createReader(requirements, { ...host, verifier: realm }));
  return {
    options: { ...sample, ...NEVER },
    compiledFor: (request, realm) => readerOf(realm)(request),
  };
}

/** Made anew for each request: it costs less than a microsecond, and nothing that a caller chose stays in memory. */
function createReader<Incoming>(
  template: unknown,
  { verifier, toAppRequest, paramsOf, nameOf }: RequirementsHost<Incoming>,
): (request: Incoming) => Compiled {
  const reported = new Set<string>();

  function unclear(request: Incoming, what: string, cause?: unknown): AuthError {
    if (!reported.has(what) && reported.size < MOST_REPORTED) {
      reported.add(what);
      verifier.members[0]?.notify?.({
        level: 'error',
        code: 'requirement_unclear',
        message: `A guard refused ${toSafeText(nameOf(request))}: ${what}`,
        fix: 'Look at the function, or at the name of the route parameter, that the guard was given',
      });
    }
    return new AuthError('requirement_unclear', what, { cause });
  }

  /** @throws {AuthError} */
  function parameterOf(request: Incoming, name: string): string {
    const params = Object(paramsOf?.(request)) as Record<string, unknown>;
    const value = Object.hasOwn(params, name) ? params[name] : undefined;
    if (typeof value === 'string' && value.trim() !== '') return value;
    throw unclear(request, `the route has no parameter ${name}, or it is empty or a list`);
  }

  /** @throws {AuthError} */
  function resultOf(request: Incoming, one: (...args: readonly never[]) => unknown): Requirements {
    const result = one(...(toAppRequest(request) as never[]));
    if (isThenable(result)) {
      Promise.resolve(result).catch(() => {});
      throw unclear(request, 'its function gave a promise');
    }
    if (isPlainObject(result) && Object.keys(result).length > 0) return result;
    throw unclear(
      request,
      `its function gave ${isPlainObject(result) ? 'no requirement' : toSafeText(String(result))}`,
    );
  }

  function requirementsFor(request: Incoming): Requirements {
    if (typeof template === 'function') return resultOf(request, template as never);
    const filled = fillRequirements(template, {
      toValue(name, form) {
        const value = parameterOf(request, name);
        if (form === 'whole' || !value.includes('/')) return value;
        throw unclear(request, `the parameter ${name} has a slash in it, and is one part of a path`);
      },
      resultOf: (one) => resultOf(request, one),
    });
    return toRequirements(filled);
  }

  return (request) => {
    try {
      return compile(requirementsFor(request), verifier);
    } catch (error) {
      if (isAuthError(error)) throw error;
      if (error instanceof OptionsError) {
        const [{ option, rule } = { option: '', rule: '' }] = error.problems;
        throw unclear(request, `its function gave a wrong requirement: ${option} ${rule}`);
      }
      throw unclear(request, `its function threw ${toSafeText(String(error))}`, error);
    }
  };
}

/** Checks requirements that a guard will be made of later. @throws {OptionsError} */
export function assertRequirements(requirements: unknown): void {
  const verifier = { clientId: 'this-api', members: [] } as unknown as TokenVerifier;
  const host = { verifier, toAppRequest: () => [], paramsOf: () => ({}), nameOf: () => '' };
  compile(readRequirements(requirements, host).options, verifier);
}

/** Requirements without what else a guard takes. */
function toRequirements(filled: unknown): Requirements {
  const { optional: _, dpop: __, ...requirements } = filled as GuardOptions;
  return requirements;
}
