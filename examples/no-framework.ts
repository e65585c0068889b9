// The core alone, in a plain Node.js server.
import { createServer, type Server } from 'node:http';
import { authenticate, createVerifier, isAuthError, toGuard, type VerifierOptions } from 'keycloak-guard';

export function buildServer(options: VerifierOptions): Server {
  const verifier = createVerifier(options);
  const requireUser = toGuard({ realmRole: 'user' }, options.clientId);

  return createServer(async (request, response) => {
    try {
      const principal = await authenticate(verifier, request);
      requireUser(principal);
      response.end(JSON.stringify({ hello: principal.username }));
    } catch (error) {
      if (!isAuthError(error)) throw error;
      response.writeHead(error.statusCode, error.headers).end(JSON.stringify({ detail: error.message }));
    }
  }).on('close', () => verifier.close());
}
