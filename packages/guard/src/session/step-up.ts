import type { RequiredSignIn } from '../core/index.ts';
import type { SessionContext } from './context.ts';
import { TICKET_SECONDS } from './login-ticket.ts';
import { isPageRequest, pagePathOf } from './page-request.ts';
import { parameterOf, type SessionRequest } from './request.ts';

/** A guard's demand, sealed: only a guard can make Keycloak ask for it. */
interface StepUp {
  readonly signIn: RequiredSignIn;
  /** Unit: milliseconds since 1970. */
  readonly expiresAt: number;
}

const PARAMETER = 'step_up';

/**
 * Where to send a page whose person has to sign in more strongly, or again; from there the browser goes to Keycloak, and
 * back to the page (RFC 9470 §4). `undefined` where the request is for no page: what a script or a form sent cannot be sent
 * again.
 */
export function toStepUpPath(
  { options, sealer, placeOf }: SessionContext,
  request: SessionRequest,
  signIn: RequiredSignIn,
): string | undefined {
  if (!options.stepUp || !isPageRequest(request)) return undefined;
  const place = placeOf(request);
  const ticket: StepUp = { signIn, expiresAt: options.clock() + TICKET_SECONDS * 1000 };
  const parameters = new URLSearchParams({
    return_to: pagePathOf(place, request),
    [PARAMETER]: sealer.seal(PARAMETER, JSON.stringify(ticket)),
  });
  return `${place.path}${options.prefix}/login?${parameters}`;
}

/** What a login was begun for; `undefined` where a guard did not ask for anything, or too long ago. */
export function readStepUp({ options, sealer }: SessionContext, url: string): RequiredSignIn | undefined {
  const opened = sealer.open(PARAMETER, parameterOf(url, PARAMETER) ?? '');
  if (opened === null) return undefined;
  const { signIn, expiresAt } = JSON.parse(opened.text) as StepUp;
  return options.clock() < expiresAt ? signIn : undefined;
}

/** One value: of several Keycloak takes the weakest. */
export function toSignInParameters({ acr, maxAge }: RequiredSignIn): Record<string, string> {
  return {
    ...(acr?.[0] === undefined ? {} : { acr_values: acr[0] }),
    ...(maxAge === undefined ? {} : { max_age: String(maxAge) }),
  };
}
