import { ClientError } from 'keycloak-guard/client';
import { createTurns, type TurnBounds, type Turns } from './turns.ts';

/** Limits concurrent password checks: each costs Keycloak a tenth of a second of a core. */
export function createPasswordQueue(bounds: TurnBounds): Turns {
  return createTurns({ ...bounds, isFailure: isWrongPassword, tooMany: TOO_MANY, gone: GONE });
}

function isWrongPassword(error: unknown): boolean {
  return (
    error instanceof ClientError &&
    (error.kind === 'invalid_credentials' || error.kind === 'account_disabled')
  );
}

/** Made once: in a flood the trace of where it was made would cost more than the rest of the refusal. */
const TOO_MANY = new ClientError({
  id: 'too-many-logins',
  kind: 'provider_unavailable',
  cause: 'more logins come than Keycloak checks passwords',
  fix: 'An attacker may be guessing passwords. Otherwise give Keycloak more processors, then raise LOGIN_MAX_IN_FLIGHT.',
});

const GONE = new ClientError({
  id: 'caller-gone',
  kind: 'provider_unavailable',
  cause: 'the client hung up while its login waited',
  fix: 'Logins wait for their turn: give Keycloak more processors, or callers more patience.',
});
