import { isPlainObject, type OptionRule } from '../../core/internal.ts';
import { parameterOf, type SessionRequest } from '../http/request.ts';

/** Other parameters of the authorization endpoint, for example `{ ui_locales: 'de' }`. */
export type AuthorizationParameters = Readonly<Record<string, string>>;

/** The same for every login, or by a function of a request. */
export type AuthorizationParametersOf<Source> =
  | AuthorizationParameters
  | ((request: Source) => AuthorizationParameters | undefined | Promise<AuthorizationParameters | undefined>);

interface ParameterSettings {
  readonly idpHint: string | undefined;
  readonly authorizationParameters: AuthorizationParametersOf<unknown>;
}

/** These make a login safe: nobody may choose them (RFC 6749 §4.1.1, RFC 7636 §4.3, RFC 9101 §5). */
const RESERVED: ReadonlySet<string> = new Set([
  ...['client_id', 'response_type', 'response_mode', 'redirect_uri', 'scope', 'state', 'nonce'],
  ...['code_challenge', 'code_challenge_method', 'request', 'request_uri'],
]);
/** Values of `prompt` in the query of the login path: `none` is a silent sign-in, `create` the registration. */
const PROMPTS: ReadonlySet<string> = new Set(['none', 'login', 'create']);
/** An e-mail address has no more (RFC 5321 §4.5.3.1). */
const LONGEST_HINT = 320;

export const AUTHORIZATION_PARAMETERS: OptionRule & { readonly default: AuthorizationParameters } = {
  rule: `must be strings by name in a plain object, or a function that returns them; none of ${[...RESERVED].join(', ')}`,
  example: "{ ui_locales: 'de' }",
  accepts: (value) => typeof value === 'function' || areParameters(value),
  default: {},
};

function areParameters(value: unknown): value is AuthorizationParameters {
  if (!isPlainObject(value)) return false;
  return Object.entries(value).every(([name, text]) => typeof text === 'string' && !RESERVED.has(name));
}

/**
 * The other parameters that the browser takes to Keycloak. The application's own win over those in the query: anybody can
 * make a link with a query.
 *
 * @throws {TypeError} if the application's function returns an invalid value
 */
export async function toAuthorizationParameters(
  { idpHint, authorizationParameters }: ParameterSettings,
  request: SessionRequest,
): Promise<AuthorizationParameters> {
  const own =
    typeof authorizationParameters === 'function'
      ? ((await authorizationParameters(request.source)) ?? {})
      : authorizationParameters;
  if (!areParameters(own)) {
    throw new TypeError(`authorizationParameters ${AUTHORIZATION_PARAMETERS.rule}`);
  }
  const prompt = parameterOf(request.url, 'prompt') ?? '';
  const fromQuery = {
    prompt: PROMPTS.has(prompt) ? prompt : '',
    login_hint: hintOf(request, 'login_hint'),
    kc_idp_hint: hintOf(request, 'idp_hint') || idpHint,
  };
  const entries = Object.entries({ ...fromQuery, ...own }).filter(
    ([, text]) => text !== undefined && text !== '',
  );
  return Object.fromEntries(entries) as AuthorizationParameters;
}

function hintOf({ url }: SessionRequest, name: string): string | undefined {
  const hint = parameterOf(url, name);
  return hint !== undefined && hint.length <= LONGEST_HINT ? hint : undefined;
}

/** Keycloak's answers to a silent sign-in for which it would have to ask the person (OpenID Connect Core §3.1.2.6). */
export const NOT_SILENTLY: ReadonlySet<string> = new Set([
  ...['login_required', 'interaction_required', 'consent_required', 'account_selection_required'],
]);
