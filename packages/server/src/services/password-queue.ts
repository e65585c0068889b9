import { ClientError } from 'keycloak-guard/client';
import { createTurns, type TurnBounds, type Turns, toNoTurn } from './turns.ts';

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

const TOO_MANY = toNoTurn(
  'too-many-logins',
  'more logins come than Keycloak checks passwords',
  'An attacker may be guessing passwords. Otherwise give Keycloak more processors, then raise LOGIN_MAX_IN_FLIGHT.',
);
const GONE = toNoTurn(
  'caller-gone',
  'the client hung up while its login waited',
  'Logins wait for their turn: give Keycloak more processors, or callers more patience.',
);
