import { AuthError, type Credential, type Issuer } from '../../core/index.ts';
import {
  type BoundedResponse,
  createBreaker,
  createCallSlots,
  failureKindOf,
  failureKindOfAnswer,
  fetchBounded,
} from '../../core/internal.ts';

/** Calls Keycloak, with bounds on time, size and concurrency: for all calls, and for those of one user. */
export type KeycloakCalls = ReturnType<typeof createKeycloakCalls>;

export interface KeycloakCall {
  /** Name of the thing to fetch, for messages. */
  readonly what: string;
  /** Strings to hide in messages. */
  readonly secrets: readonly string[];
  readonly init: RequestInit;
  /** The user who asks (`personOfClaims`); `undefined` for the API's own calls. */
  readonly who: string | undefined;
  /** Whether it asks for a decision. Default false: it looks something up. */
  readonly isQuestion?: boolean;
}

/** Most calls at once. Others wait for their turn. */
const MAX_CALLS = 64;

export function createKeycloakCalls(options: { readonly fetch: typeof fetch; readonly timeoutMs: number }) {
  const slots = createCallSlots(MAX_CALLS, options.timeoutMs);
  const breaker = createBreaker();

  async function attempt(
    url: string,
    { who, isQuestion = false, ...request }: KeycloakCall,
  ): Promise<BoundedResponse> {
    breaker.begin();
    const answers = breaker.answers();
    try {
      const response = await fetchBounded(url, { ...options, ...request });
      // A look-up says nothing about how long questions take.
      if (failureKindOfAnswer(response) === 'unusable') breaker.answered(isQuestion);
      else breaker.failed(who, failureKindOfAnswer(response), answers);
      return response;
    } catch (error) {
      breaker.failed(who, failureKindOf(error as AuthError), answers);
      throw error;
    }
  }

  return {
    /** @throws {AuthError} `provider_unavailable` if Keycloak does not answer, or did not a moment ago */
    async call(url: string, request: KeycloakCall): Promise<BoundedResponse> {
      if (breaker.isOpen() || !(await slots.enter(request.who))) throw toSilence();
      try {
        // While this call waited for its turn, another one may have failed.
        if (breaker.isOpen()) throw toSilence();
        return await attempt(url, request);
      } finally {
        slots.leave(request.who);
      }
    },
  };
}

function toSilence(): AuthError {
  return new AuthError('provider_unavailable', 'Keycloak does not answer');
}

/** The parts of every question to Keycloak. It stays in this room, because it can act as the client. */
export interface AuthzContext {
  readonly issuer: Issuer;
  readonly clientId: string;
  readonly credential: Credential;
  readonly calls: KeycloakCalls;
  /** Unit: milliseconds. */
  readonly permissionMs: number;
  /** Unit: milliseconds since 1970. */
  readonly clock: () => number;
}
