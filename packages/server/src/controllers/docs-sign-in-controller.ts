import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Issuer } from 'keycloak-guard';
import type { KeycloakClient } from 'keycloak-guard/client';
import { type Report, toLoginOutcome, whoOf } from '../audit/security-events.ts';

interface SignIn {
  readonly client: KeycloakClient;
  readonly issuer: Issuer;
  readonly clientId: string;
  readonly publicUrl: string | undefined;
  readonly report: Report;
}

const REDIRECT_PATH = '/docs/static/oauth2-redirect.html';
const PASSED_ON = ['state', 'scope', 'code_challenge'];

/** Where Swagger UI finds the two endpoints below. */
export const DOCS_SIGN_IN = {
  authorizationUrl: '/docs/oauth2/authorize',
  tokenUrl: '/docs/oauth2/token',
} as const;

/**
 * OAuth 2 sign-in for Swagger UI, with PKCE. The client is confidential and its secret must not reach the page: the
 * page brings the code, and this process exchanges it. Only for the page's own redirect URI.
 */
export async function docsSignIn(
  app: FastifyInstance,
  { client, issuer, clientId, publicUrl, report }: SignIn,
): Promise<void> {
  const redirectUriOf = (request: FastifyRequest): string =>
    `${publicUrl ?? `${request.protocol}://${request.host}`}${REDIRECT_PATH}`;
  const schema = { hide: true } as object;

  app.get(DOCS_SIGN_IN.authorizationUrl, { schema }, async (request, reply) => {
    const query = request.query as Record<string, unknown>;
    const { redirect_uri, response_type, code_challenge, code_challenge_method } = query;
    const isOurs = redirect_uri === redirectUriOf(request) && response_type === 'code';
    if (!isOurs || code_challenge_method !== 'S256' || typeof code_challenge !== 'string') {
      return reply.code(400).send({ detail: 'This is for the documentation page alone' });
    }
    const { metadata } = await issuer.discover();
    const url = new URL(String(metadata.authorization_endpoint ?? issuer.endpoints.authorization));
    const fixed = { client_id: clientId, redirect_uri, response_type, code_challenge_method: 'S256' };
    for (const [name, value] of Object.entries(fixed)) url.searchParams.set(name, value);
    for (const name of PASSED_ON) {
      const value = query[name];
      if (typeof value === 'string') url.searchParams.set(name, value);
    }
    return reply.redirect(url.href, 303);
  });

  app.post(DOCS_SIGN_IN.tokenUrl, { schema }, async (request, reply) => {
    const { grant_type, code, redirect_uri, code_verifier } = (request.body ?? {}) as Record<string, unknown>;
    const isWhole = typeof code === 'string' && typeof code_verifier === 'string';
    if (grant_type !== 'authorization_code' || !isWhole || redirect_uri !== redirectUriOf(request)) {
      return reply
        .code(400)
        .send({ error: 'invalid_request', detail: 'This is for the documentation page alone' });
    }
    const login = { event: 'login', by: 'docs' } as const;
    const { accessToken, expiresInSeconds } = await client
      .exchangeCode({ code, redirectUri: redirect_uri, codeVerifier: code_verifier })
      .catch((error: unknown) => {
        report(request, { ...login, outcome: toLoginOutcome(error) });
        throw error;
      });
    report(request, { ...login, outcome: 'ok', ...whoOf(accessToken) });
    // No refresh token: the page would keep it.
    return {
      access_token: accessToken,
      token_type: 'bearer',
      ...(expiresInSeconds === null ? {} : { expires_in: expiresInSeconds }),
    };
  });
}
