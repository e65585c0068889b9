import type { RequiredSignIn } from '../core/index.ts';
import type { SignInDemand } from '../core/internal.ts';
import type { SessionContext } from './context.ts';
import { TICKET_SECONDS } from './login-ticket.ts';
import { isAlias } from './organizations.ts';
import { isPageRequest, pagePathOf } from './page-request.ts';
import { parameterOf, type SessionRequest } from './request.ts';

/** A guard's demand, sealed: only a guard can make Keycloak ask for it. */
interface StepUp {
  readonly signIn?: RequiredSignIn | undefined;
  readonly organization?: string | undefined;
  /** Unit: milliseconds since 1970. */
  readonly expiresAt: number;
}

export const STEP_UP = 'step_up';

/**
 * Where to send a page whose person has to sign in more strongly, or again; from there the browser goes to Keycloak, and
 * back to the page (RFC 9470 §4). `undefined` where the request is for no page: what a script or a form sent cannot be sent
 * again.
 */
export function toStepUpPath(
  { options, sealer, placeOf, hasOrganizations }: SessionContext,
  request: SessionRequest,
  { signIn, tenant }: SignInDemand,
): string | undefined {
  if (!options.stepUp || !isPageRequest(request)) return undefined;
  const organization = hasOrganizations && isAlias(tenant) ? tenant : undefined;
  if (signIn === undefined && organization === undefined) return undefined;
  const place = placeOf(request);
  const ticket: StepUp = { signIn, organization, expiresAt: options.clock() + TICKET_SECONDS * 1000 };
  const parameters = new URLSearchParams({
    return_to: pagePathOf(place, request),
    [STEP_UP]: sealer.seal(STEP_UP, JSON.stringify(ticket)),
  });
  return `${place.path}${options.prefix}/login?${parameters}`;
}

/** What a login was begun for; nothing where a guard did not ask for anything, or too long ago. */
export function readStepUp(
  { options, sealer }: SessionContext,
  url: string,
): Pick<StepUp, 'signIn' | 'organization'> {
  const opened = sealer.open(STEP_UP, parameterOf(url, STEP_UP) ?? '');
  if (opened === null) return {};
  const { signIn, organization, expiresAt } = JSON.parse(opened.text) as StepUp;
  return options.clock() < expiresAt ? { signIn, organization } : {};
}

/** One value: of several Keycloak takes the weakest. */
export function toSignInParameters({ acr, maxAge }: RequiredSignIn): Record<string, string> {
  return {
    ...(acr?.[0] === undefined ? {} : { acr_values: acr[0] }),
    ...(maxAge === undefined ? {} : { max_age: String(maxAge) }),
  };
}
