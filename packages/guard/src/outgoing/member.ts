import { ClientError, type KeycloakClient } from '../client/index.ts';
import { contextOfVerifier, toAuthError, toClient } from '../client/internal.ts';
import { AuthError, isAuthError, OptionsError, type Verifier } from '../core/index.ts';
import { readCompactJws } from '../core/internal.ts';
import type { TokenAsOptions } from './options.ts';
import { MIN_AGE_MS, type TokenSource } from './token-source.ts';
import { createUserTokens, type UserTokens } from './user-tokens.ts';

/** The application as the client of one realm. */
export interface Member {
  readonly users: UserTokens;
  /** A token in its own name, shared by all who ask for the same scopes. */
  own(options: TokenAsOptions): TokenSource;
}

/** @throws {OptionsError} if the client of the verifier cannot prove who it is */
export function createMember(subject: string, verifier: Verifier<object>): Member {
  const context = contextOfVerifier(verifier);
  if (context === undefined || context.credential.kind === 'none') {
    const rule = `must be an option of the guard, so that ${verifier.clientId} gets tokens for others`;
    const example = "credential: { tokenFile: '/var/run/secrets/keycloak/token' }, or clientSecret";
    throw new OptionsError(subject, [{ option: 'credential', rule, example }]);
  }
  const client = toClient(context);
  const ask = createAsker(verifier);
  const held = new Map<string, ReturnType<KeycloakClient['serviceToken']>>();

  return {
    users: createUserTokens(verifier, (request) => ask(() => client.exchange(request))),
    own({ scope, audience }) {
      const token = held.get(scope ?? '') ?? client.serviceToken(scope === undefined ? {} : { scope });
      held.set(scope ?? '', token);
      return {
        async get() {
          const found = await ask(token.getAccessToken);
          if (audience !== undefined) assertFor(found, audience, verifier.clientId);
          return found;
        },
        drop: (refused) => token.drop(refused, MIN_AGE_MS),
      };
    },
  };
}

/** Reports a fault once, by the verifier's rules for outages, and turns it into a refusal. */
function createAsker(verifier: Verifier<object>): <T>(call: () => Promise<T>) => Promise<T> {
  let told: string | undefined;
  return async (call) => {
    try {
      const answer = await call();
      told = undefined;
      if (verifier.outage.isFailing('calls')) verifier.outage.answered('calls');
      return answer;
    } catch (error) {
      const refusal = toAuthError(error);
      if (!(error instanceof ClientError) || !isAuthError(refusal)) throw error;
      const { id, cause, fix, kind } = error.diagnosis;
      if (kind === 'provider_unavailable') verifier.outage.failed('calls', refusal);
      else if (kind === 'client_misconfigured' && told !== id) {
        told = id;
        verifier.notify({ level: 'error', code: 'calling_refused', message: cause, fix });
      }
      throw refusal;
    }
  };
}

/** Withholds a token that the service would refuse. Lightweight tokens do not name their audience. */
function assertFor(token: string, audience: string, clientId: string): void {
  const { aud } = readCompactJws(token).payload();
  if (aud === undefined || [aud].flat().includes(audience)) return;
  throw new AuthError(
    'provider_misconfigured',
    `The token of ${clientId} is not for ${audience}: give the client a scope with an Audience mapper for ${audience}, and request that scope`,
  );
}
