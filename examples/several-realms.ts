// One API for two realms: each token is checked with the keys and rules of the realm that issued it.
import Fastify, { type FastifyInstance } from 'fastify';
import { combineVerifiers, createVerifier, principalOf, type VerifierOptions } from 'keycloak-guard';
import keycloakGuard from 'keycloak-guard/fastify';

export async function buildServer(
  staff: VerifierOptions,
  customers: VerifierOptions,
): Promise<FastifyInstance> {
  const app = Fastify();
  const verifier = combineVerifiers([createVerifier(staff), createVerifier(customers)]);
  await app.register(keycloakGuard, { verifier });
  app.addHook('onClose', () => verifier.close());

  app.get('/me', { onRequest: app.guard() }, (request) => {
    // A subject is unique only together with its issuer.
    const { issuer, subject } = principalOf(request);
    return { issuer, subject };
  });

  return app;
}
