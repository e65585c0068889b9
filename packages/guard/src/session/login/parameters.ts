import { parameterOf, type SessionRequest } from '../http/request.ts';
import {
  AUTHORIZATION_PARAMETERS,
  type AuthorizationParameters,
  type AuthorizationParametersOf,
  areParameters,
} from '../options.ts';

interface ParameterSettings {
  readonly idpHint: string | undefined;
  readonly authorizationParameters: AuthorizationParametersOf<unknown>;
}

/** Values of `prompt` in the query of the login path: `none` is a silent sign-in, `create` the registration. */
const PROMPTS: ReadonlySet<string> = new Set(['none', 'login', 'create']);
/** An e-mail address has no more (RFC 5321 §4.5.3.1). */
const LONGEST_HINT = 320;

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
