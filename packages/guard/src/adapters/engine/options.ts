import type { PermissionsOptions } from '../../authz/internal.ts';
import {
  type AppClaims,
  type AuthError,
  createVerifier,
  type Log,
  type OptionProblem,
  OptionsError,
  type Principal,
  type TokenVerifier,
  type VerifierOptions,
} from '../../core/index.ts';
import {
  fillOptions,
  findOptionProblems,
  type GuardOptions,
  type OptionRule,
  optionRules,
  toOneLine,
  VERIFIER_RULES,
  type WithParser,
} from '../../core/internal.ts';
import type { SessionOptions } from '../../session/index.ts';
import {
  createTenants,
  TENANT_RULES,
  type Tenants,
  type TenantsHost,
  type TenantsOptions,
} from '../../tenants/internal.ts';
import type { GuardRequirements } from './requirements.ts';

/**
 * Called for each refused request. Its result is ignored, and its errors are only logged.
 *
 * @param principal the caller if the token is good and a requirement is not met, else `null`
 */
export type OnDenied<Incoming> = (request: Incoming, error: AuthError, principal: Principal | null) => void;

/** Options of browser sessions in an adapter. Default of `client`: that of the verifier, if it is of one realm. */
export type SessionSettings<Incoming> = Omit<SessionOptions<Incoming>, 'client'> &
  Partial<Pick<SessionOptions<Incoming>, 'client'>>;

/**
 * Options of permissions in an adapter: those of `createPermissions`. `clientSecret` may be left out if the adapter was given it.
 * The verifier is the adapter's, which must be of one realm.
 */
export type PermissionSettings = Omit<PermissionsOptions, 'verifier'>;

/** Options of an adapter beside those of its verifier. */
export interface AdapterOptions<Incoming> {
  /**
   * Called for each refused request, for an audit log: `(request, error, principal) => …`. `error.code` and `error.reason`
   * say why; `principal` is the caller if the token is good, else `null`. Koa, Hono and Nest pass their context as the request.
   */
  readonly onDenied?: OnDenied<Incoming> | undefined;
  /**
   * Whether each refused request is logged, with its code, path and what to do. Default: in development only (`NODE_ENV` is
   * not `production`) and without `onDenied`; on Fastify otherwise too, at level `debug`.
   */
  readonly logRefusals?: boolean | undefined;
  /**
   * Whether answers to refused requests say why, in the body and in the header `x-auth-error`: for development, because it
   * helps attackers too. Never the token. Default false.
   */
  readonly explain?: boolean | undefined;
  /**
   * Where refusals, notices and lines about sessions and messages go; pino's loggers and `console` fit. Default: refusals in
   * development, and everything that is wrong, are lines on the standard error output.
   */
  readonly log?: Log | undefined;
}

/** The options of a verifier, or a verifier made before, or tenants, each with a realm of its own. */
export type VerifierSource<C extends object = AppClaims, AppRequest = never> =
  | (VerifierOptions<C> & WithParser<C>)
  | (Partial<Omit<VerifierOptions<C>, 'realm' | 'issuer' | 'tenants'>> &
      TenantsOptions<AppRequest> &
      WithParser<C>)
  | {
      /** A shared verifier, or `combineVerifiers`. The adapter does not close it. */
      readonly verifier: TokenVerifier<C>;
    };

/** Options of an adapter: those of a verifier, or a verifier made before, or tenants. `Asked`: what their function is called with. */
export type KeycloakOptions<
  Incoming,
  C extends object = AppClaims,
  AppRequest = Incoming,
> = AdapterOptions<Incoming> & VerifierSource<C, AppRequest>;

const RULES = {
  onDenied: optionRules.callable('(request, error) => audit(error.code)'),
  logRefusals: optionRules.trueOrFalse(true),
  explain: optionRules.trueOrFalse(false),
};
const LOG = optionRules.having('a logger', ['info', 'warn', 'error'], 'pino()');
const VERIFIER: OptionRule = {
  rule: 'must be a verifier',
  example: 'createVerifier(…) or combineVerifiers([…])',
  accepts: (value) => {
    const { members, verify, load } = (value ?? {}) as Partial<TokenVerifier>;
    return Array.isArray(members) && typeof verify === 'function' && typeof load === 'function';
  },
};

/** The options of an adapter, checked, with the verifier made of them. */
export interface ResolvedAdapter<Incoming, C extends object> extends AdapterOptions<Incoming> {
  /** `undefined` with tenants. */
  readonly verifier: TokenVerifier<C> | undefined;
  readonly openTenants?: ((host: TenantsHost<Incoming>) => Tenants<Incoming>) | undefined;
  /** Whether the adapter made the verifier, and so closes it. */
  readonly isOwn: boolean;
}

/** The requirements of `guard()`. Those of `guard(undefined)` stay undefined, and are refused: something was meant. */
export function requirementsOf(args: readonly unknown[]): GuardRequirements<never> {
  return args.length === 0 ? {} : (args[0] as GuardRequirements<never>);
}

/** The members of an adapter's host that its options depend on. */
export interface EngineOptionsHost {
  /** Name of the factory, for errors. */
  readonly factory: string;
  /** Rules of options that only this adapter has, in the place of the option `log`. */
  readonly ownRules?: Readonly<Record<string, OptionRule>>;
  /** Where lines go in an adapter with `ownRules`. */
  readonly log?: Log | undefined;
}

/** @throws {OptionsError} naming every option that is missing, wrong or unknown */
export function resolveAdapterOptions<Incoming, C extends object>(
  input: KeycloakOptions<Incoming, C>,
  host: EngineOptionsHost,
): ResolvedAdapter<Incoming, C> {
  // `undefined` has no options either, and is told so.
  const options: typeof input = Object(input);
  const { factory, ownRules: more } = host;
  const log = more === undefined ? options.log : host.log;
  // Notices are lines of the log unless the options say otherwise; without one, the verifier writes them itself.
  const onNotice: VerifierOptions['onNotice'] =
    log && (({ level, message, ...fields }) => log[level](fields, toOneLine(message)));
  const ownRules = { ...RULES, ...(more ?? { log: LOG }) };
  const { onDenied, logRefusals, explain } = options;
  const own: AdapterOptions<Incoming> = { onDenied, logRefusals, explain, log };
  if (isOfTenants(options)) {
    const rules = { ...COMMON_RULES, ...TENANT_RULES, ...ownRules };
    throwFor(factory, findOptionProblems(options, rules).map(adviseTenants));
    if ((options.clientSecret ?? options.credential) !== undefined && options.serverUrl === undefined) {
      throwFor(factory, [OF_WHICH_SERVER]);
    }
    const rest = Object.entries(options).filter(([name]) => Object.hasOwn(COMMON_RULES, name));
    const common = Object.fromEntries(rest) as Partial<VerifierOptions<object>>;
    const { tenants, maxTenants, tenantSeconds } = options;
    const filled = fillOptions(factory, { tenants, maxTenants, tenantSeconds }, TENANT_RULES);
    const shared = { ...common, onNotice: common.onNotice ?? onNotice };
    return {
      ...own,
      ...{ verifier: undefined, isOwn: true },
      openTenants: (host) => createTenants(shared, filled, host),
    };
  }
  if (!('verifier' in options)) {
    throwFor(factory, findOptionProblems(options, { ...VERIFIER_RULES, ...ownRules, verifier: VERIFIER }));
    const rest = Object.entries(options).filter(([name]) => !Object.hasOwn(ownRules, name));
    const verifierOptions = Object.fromEntries(rest) as unknown as VerifierOptions<C> & WithParser<C>;
    const verifier = createVerifier<C>({
      ...verifierOptions,
      onNotice: verifierOptions.onNotice ?? onNotice,
    });
    return { ...own, verifier, isOwn: true };
  }
  const rules = { ...ownRules, verifier: optionRules.required(VERIFIER) };
  // Beside a verifier that is none, every option that makes one would be named as unknown.
  throwFor(factory, findOptionProblems(options.verifier ? options : {}, rules));
  return { ...own, verifier: options.verifier, isOwn: false };
}

type OfTenants = Partial<VerifierOptions<object>> & TenantsOptions<never>;

function isOfTenants(options: object): options is OfTenants {
  const { tenants } = options as Partial<OfTenants>;
  return tenants !== undefined && (typeof tenants as string) !== 'string';
}

/** The options that all tenants may share. */
const COMMON_RULES = (() => {
  const { realm: _, issuer: __, tenants: ___, ...rules } = VERIFIER_RULES;
  const { serverUrl, clientId } = rules;
  const toOptional = ({ isRequired: ____, ...rule }: OptionRule): OptionRule => rule;
  return { ...rules, serverUrl: toOptional(serverUrl), clientId: toOptional(clientId) };
})();

const OF_WHICH_SERVER: OptionProblem = {
  option: 'serverUrl',
  rule: 'must stand beside the credential of all tenants: it is sent to no other server',
  example: "'https://sso.example.com'",
};

function adviseTenants(problem: OptionProblem): OptionProblem {
  if (!['realm', 'issuer'].includes(problem.option)) return problem;
  const { example } = TENANT_RULES.tenants;
  return {
    ...problem,
    rule: 'is that of one tenant: say it in the settings of each',
    example: `tenants: ${example}`,
  };
}

function throwFor(factory: string, problems: readonly OptionProblem[]): void {
  if (problems.length > 0) throw new OptionsError(factory, problems);
}

/** The principal that a guard with these requirements finds: `null` only under an optional guard. */
export type GuardPrincipal<C extends object, R> = R extends { readonly optional?: unknown }
  ? 'optional' extends keyof R
    ? R['optional'] extends false | undefined
      ? Principal<C>
      : Principal<C> | null
    : Principal<C>
  : Principal<C>;

/** The type of requirements that are not given. */
export type NotOptional = GuardOptions & { readonly optional?: false };
