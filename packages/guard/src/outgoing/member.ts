import { ClientError, type KeycloakClient } from '../client/index.ts';
import { contextOfVerifier, createDpopKey, isBound, toAuthError, toClient } from '../client/internal.ts';
import { AuthError, isAuthError, OptionsError, type Verifier } from '../core/index.ts';
import type { Target, TokenAsOptions, TokenForOptions } from './outgoing.ts';
import { createUserTokens, MIN_AGE_MS, readIssued, type Subject, type TokenSource } from './user-tokens.ts';

/** The application as the client of one realm. */
export type Member = ReturnType<typeof createMember>;

/** @throws {OptionsError} if the client of the verifier cannot prove who it is */
export function createMember(subject: string, verifier: Verifier<object>) {
  const context = contextOfVerifier(verifier);
  if (context === undefined || context.credential.kind === 'none') {
    const rule = `must be an option of the guard, so that ${verifier.clientId} gets tokens for others`;
    const example = "credential: { tokenFile: '/var/run/secrets/keycloak/token' }, or clientSecret";
    throw new OptionsError(subject, [{ option: 'credential', rule, example }]);
  }
  const { clientId } = verifier;
  const ask = createAsker(verifier);
  const key = createDpopKey(true, context.issuer);
  const plain = toClient(context);
  const bound = toClient({ ...context, dpop: key });
  const clientOf = ({ dpop }: Target<TokenAsOptions>) => (dpop ? bound : plain);
  const keyOf = ({ dpop }: Target<TokenAsOptions>) => (dpop ? key : undefined);

  const users = createUserTokens(verifier, async (subjectToken, target) => {
    const { audience, scope } = target;
    const tokens = await ask(() => clientOf(target).exchange({ subjectToken, audience, scope }));
    assertBound(tokens.accessToken, target, clientId);
    return tokens;
  });
  const held = new Map<string, ReturnType<KeycloakClient['serviceToken']>>();

  return {
    /** Tokens in the name of a user. */
    for: (subject: Subject, target: Target<TokenForOptions>): TokenSource => ({
      ...users.sourceOf(subject, target),
      key: keyOf(target),
    }),
    /** A token in its own name, shared by all who ask for the same scopes. */
    own(target: Target<TokenAsOptions>): TokenSource {
      const { scope, audience, dpop = false } = target;
      const name = JSON.stringify([scope, dpop]);
      const token = held.get(name) ?? clientOf(target).serviceToken(scope === undefined ? {} : { scope });
      held.set(name, token);
      return {
        key: keyOf(target),
        async get() {
          const found = await ask(token.getAccessToken);
          if (audience !== undefined) assertFor(found, audience, clientId);
          assertBound(found, target, clientId);
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
  const { aud } = readIssued(token);
  if (aud === undefined || [aud].flat().includes(audience)) return;
  throw new AuthError(
    'provider_misconfigured',
    `The token of ${clientId} is not for ${audience}: give the client a scope with an Audience mapper for ${audience}, and request that scope`,
  );
}

/** A proof says nothing about a token that is bound to no key: whoever steals that one can use it. */
function assertBound(token: string, { dpop }: Target<TokenAsOptions>, clientId: string): void {
  if (!dpop || isBound(token)) return;
  throw new AuthError(
    'provider_misconfigured',
    `Keycloak bound the token of ${clientId} to no key: DPoP needs Keycloak 26.4, or its feature dpop`,
  );
}
