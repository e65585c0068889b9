import type { AuthError, AuthErrorCode, Log, Principal } from '../../../core/index.ts';
import { toOneLine, toSafeText } from '../../../core/internal.ts';
import { pathOf } from '../routes.ts';

/** How refusals are logged. */
export interface RefusalLogOptions<Incoming> {
  /** At level `info`, with what to do, rather than at level `debug` where the logger has it. */
  readonly isLoud: boolean;
  /** Whether answers say why they refuse. */
  readonly explain: boolean | undefined;
  /** The application's logger, if it has one; `debug` is used where it exists. Default: the standard error output. */
  loggerOf(
    request: Incoming,
  ): (Pick<Log, 'info'> & { debug?(fields: object, message: string): void }) | undefined;
  toSessionRequest(request: Incoming): { readonly method?: string | undefined; readonly url: string };
}

/** Logs refusals, so that a developer sees why a request failed. */
export function createRefusalLog<Incoming>({
  isLoud,
  explain,
  loggerOf,
  toSessionRequest,
}: RefusalLogOptions<Incoming>): (request: Incoming, error: AuthError, caller: Principal | null) => void {
  const writeLine = createLines();
  /** Said once, by the first line. */
  let advice = explain === true ? '' : '. explain: true puts the reason into the answer';
  return (request, error, caller) => {
    const { code, reason, expected, seen } = error;
    const fields = { code, reason, expected, seen, sub: caller?.subject ?? undefined };
    const logger = loggerOf(request);
    if (!isLoud && logger?.debug !== undefined) {
      logger.debug(fields, 'access refused');
      return;
    }
    const line = `${toLine(error, toSessionRequest(request), caller)}${advice}`;
    advice = '';
    if (logger === undefined) writeLine(line);
    else logger.info(fields, line);
  };
}

/** Writes lines to the standard error output, a few at a time: senders of bad tokens must not fill a disk. */
function createLines(): (line: string) => void {
  let begun = Number.NEGATIVE_INFINITY;
  let count = 0;
  return (line) => {
    const now = performance.now();
    if (now - begun > PERIOD_MS) {
      begun = now;
      count = 0;
    }
    count++;
    if (count > MOST_LINES) return;
    const more =
      count === MOST_LINES ? `. More refusals follow; they are not shown for ${PERIOD_MS / 1000} s` : '';
    const text = `keycloak-guard: ${line}${more}`;
    // Not every runtime has the first.
    if (globalThis.process?.stderr === undefined) console.error(text);
    else process.stderr.write(`${text}\n`);
  };
}

const MOST_LINES = 20;
const PERIOD_MS = 10_000;

function toLine(
  error: AuthError,
  { method = 'request', url }: ReturnType<RefusalLogOptions<never>['toSessionRequest']>,
  caller: Principal | null,
): string {
  const { statusCode, code, reason, expected, seen } = error;
  const name = caller?.username ?? caller?.subject;
  const details = [
    expected && `expected ${expected}`,
    seen && `seen ${seen}`,
    name && `caller ${toSafeText(name)}`,
  ]
    .filter(Boolean)
    .join(', ');
  // No query: it may hold a code or a token.
  const route = toSafeText(`${method} ${pathOf(url)}`).trim();
  const what = `${route} was refused: ${statusCode} ${code}, ${reason}${details && ` (${details})`}`;
  // Whoever writes it as it stands must not write a second line: a parameter of a route may be in it.
  return toOneLine(`${what}. ${toHint(error)}`);
}

function toHint({ code, expected, seen, tenant, organization }: AuthError): string {
  // Of alternatives, the code is that of one.
  if (/^(role|scope|group)_missing$/.test(code) && expected?.includes(', or ')) return ALTERNATIVES;
  // A parameter of the route may be the name.
  if (organization !== undefined) return IN_ORGANIZATION.replaceAll('{}', () => toSafeText(organization));
  if (code === 'organization_missing' && tenant !== undefined)
    return NO_MEMBER.replaceAll('{}', () => toSafeText(tenant));
  if (code === 'token_key_unknown' && seen?.startsWith('iss ')) return OF_ANOTHER_REALM;
  // A client whose name a shell takes as it is.
  const [, client = ''] = (code === 'token_audience' && /, azp ([\w.:/@][\w.:/@-]*)$/.exec(seen ?? '')) || [];
  // A token that was exchanged for another service and came back shall stay refused.
  if (client !== '' && !expected?.split(' ').includes(client))
    return `${HINTS.token_audience}; if ${client} shall call this API and has no such scope: npx keycloak-guard setup audience ${client}`;
  return HINTS[code] ?? 'npx keycloak-guard doctor --explain takes this line, and says what to do';
}

const OF_ANOTHER_REALM = 'It is of another realm, or of another Keycloak: log in at the one that is expected';
const ALTERNATIVES =
  'One of what is expected is enough: assign the role, or ask for the scope, then get a new token';
const IN_ORGANIZATION =
  'Roles and groups of the realm do not count there. In Keycloak: Organizations, {}, Groups: add the user to the group, or to one that has the role, then get a new token; npx keycloak-guard setup api --organization-groups puts them into tokens';
const NO_MEMBER =
  'Ask for the scope organization:{}, or organization:*, when the token is requested; the user must be a member: in Keycloak, Organizations, {}, Members';

/** Advice about the refusals that developers see first. */
const HINTS: Partial<Record<AuthErrorCode, string>> = {
  missing_token: 'Send the header Authorization: Bearer <access token>',
  unsupported_scheme: 'Send the access token with the scheme Bearer',
  token_malformed: 'Send the access_token of the token response, whole',
  token_algorithm: 'Send the access token, not the refresh token; or look at the option algorithms',
  token_signature: 'Get a new token: this one was changed on the way, or another Keycloak issued it',
  token_key_unknown: 'Log in again; check that serverUrl and realm are those that issued the token',
  token_issuer:
    'If iss is the same realm by another name, set KC_HOSTNAME at Keycloak, or issuer here; otherwise log in at this realm',
  token_type: 'Send the access token, not the ID or refresh token',
  token_audience: 'Ask for the scope of the client that has the audience mapper, when the token is requested',
  token_expired: 'Refresh the token, or log in again; right after a login, compare the clocks',
  token_not_yet_valid: 'Compare the clocks of this machine and of Keycloak',
  token_revoked: 'Log in again',
  role_missing: 'Assign the role to the user in Keycloak, then get a new token',
  scope_missing: 'Ask for the scope when the token is requested',
  group_missing: 'Add the user to the group, and a group mapper to the client, then get a new token',
  organization_missing:
    'Ask for the scope organization:<alias>, or organization:*, when the token is requested; the user must be a member of it',
  tenant_unknown:
    'Look at the name that tenants.of gives for this request, and at what tenants.get says about it',
  tenant_refused:
    'Use a token, or switch the session, for that tenant; for an organization, ask for its scope organization:<alias>',
  mcp_session_unknown:
    'The client has to start a new session; of several processes, each session goes to the one that opened it',
  requirement_unclear: 'Look at the function of the guard, or at the route parameter that it names',
  audience_missing:
    'Ask for the scope that has an audience mapper for it, when the token is requested; or add one in Keycloak',
  permission_denied:
    'Grant the permission in Keycloak: Clients, Authorization; or look at the check of the guard: only exactly true lets in',
  provider_unavailable: 'npx keycloak-guard doctor finds out what is wrong',
  provider_misconfigured: 'npx keycloak-guard doctor finds out what is wrong',
  cross_origin_request:
    'A session cookie counts from pages of this origin alone, an access token from any; an MCP server names other pages in allowedOrigins',
};
