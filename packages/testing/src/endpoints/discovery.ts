import { createPublicKey } from 'node:crypto';
import { ASYMMETRIC, SYMMETRIC } from '../client-auth/client-keys.ts';
import { allowAnyOrigin, issuerOf } from '../http/headers.ts';
import type { Endpoint } from '../http/misbehaviour.ts';
import type { Provider } from '../provider/provider.ts';
import type { Route } from '../provider/route.ts';
import { namesOfLevels } from '../tokens/scopes.ts';

/** A document that any page may read. */
function publicRoute(
  endpoint: Endpoint,
  path: string,
  headers: Readonly<Record<string, string>>,
  toDocument: (issuer: string, provider: Provider) => unknown,
): Route {
  return {
    endpoint,
    path,
    methods: ['GET'],
    async handler({ provider, request, reply }) {
      allowAnyOrigin(request, reply);
      return reply.headers(headers).send(await toDocument(issuerOf(request), provider));
    },
  };
}

const documentAt = (path: string, toDocument: (issuer: string, provider: Provider) => unknown): Route => {
  const headers = { 'cache-control': 'no-cache, must-revalidate, no-transform, no-store' };
  return publicRoute('discovery', path, headers, toDocument);
};

/** OpenID Connect Discovery 1.0 §4. It lists only what this provider supports. */
export const discoveryRoute = documentAt('/.well-known/openid-configuration', metadataOf);

/** RFC 8414 §3: the same document, where a plain OAuth client looks for it: outside the realm's path. */
export const oauthMetadataRoute = documentAt(
  '/.well-known/oauth-authorization-server/realms/:realm',
  metadataOf,
);

function metadataOf(issuer: string, { realm: { scopes, features, settings } }: Provider) {
  const base = `${issuer}/protocol/openid-connect`;
  const methods = ['private_key_jwt', 'client_secret_basic', 'client_secret_post', 'client_secret_jwt'];
  const signing = [...SYMMETRIC, ...ASYMMETRIC];
  return {
    issuer,
    authorization_endpoint: `${base}/auth`,
    token_endpoint: `${base}/token`,
    introspection_endpoint: `${base}/token/introspect`,
    userinfo_endpoint: `${base}/userinfo`,
    end_session_endpoint: `${base}/logout`,
    jwks_uri: `${base}/certs`,
    revocation_endpoint: `${base}/revoke`,
    device_authorization_endpoint: `${base}/auth/device`,
    registration_endpoint: `${issuer}/clients-registrations/openid-connect`,
    check_session_iframe: `${base}/login-status-iframe.html`,
    grant_types_supported: [
      'authorization_code',
      'client_credentials',
      'password',
      'refresh_token',
      'urn:ietf:params:oauth:grant-type:device_code',
      'urn:ietf:params:oauth:grant-type:token-exchange',
      'urn:ietf:params:oauth:grant-type:uma-ticket',
    ],
    response_types_supported: ['code'],
    response_modes_supported: ['query', 'fragment'],
    subject_types_supported: ['public'],
    prompt_values_supported: ['none', 'login', 'consent'],
    acr_values_supported: [...Object.keys(namesOfLevels(settings.attributes)), '0', '1'],
    id_token_signing_alg_values_supported: ['RS256', 'ES256'],
    token_endpoint_auth_methods_supported: methods,
    token_endpoint_auth_signing_alg_values_supported: signing,
    introspection_endpoint_auth_methods_supported: methods,
    introspection_endpoint_auth_signing_alg_values_supported: signing,
    revocation_endpoint_auth_methods_supported: methods,
    revocation_endpoint_auth_signing_alg_values_supported: signing,
    code_challenge_methods_supported: ['plain', 'S256'],
    dpop_signing_alg_values_supported: ASYMMETRIC,
    claims_supported: [
      'iss',
      'sub',
      'aud',
      'exp',
      'iat',
      'auth_time',
      'name',
      'given_name',
      'family_name',
      'preferred_username',
      'email',
      'acr',
      'azp',
      'nonce',
    ],
    claim_types_supported: ['normal'],
    claims_parameter_supported: false,
    request_parameter_supported: false,
    request_uri_parameter_supported: false,
    scopes_supported: ['openid', ...scopes.keys()],
    backchannel_logout_supported: true,
    backchannel_logout_session_supported: true,
    authorization_response_iss_parameter_supported: true,
    ...(features.has('cimd') ? { client_id_metadata_document_supported: true } : {}),
  };
}

const NO_CACHE = { 'cache-control': 'no-cache' };

export const jwksRoute = publicRoute(
  'jwks',
  '/protocol/openid-connect/certs',
  NO_CACHE,
  (_issuer, { keys }) => keys.jwks(),
);

export const realmInfoRoute = publicRoute(
  'realm',
  '/',
  { ...NO_CACHE, 'content-type': 'application/json;charset=UTF-8' },
  async (issuer, { realm, keys }) => {
    const jwk = (await keys.current('RS256')).publicJwk;
    const key = createPublicKey({ key: jwk as import('node:crypto').JsonWebKey, format: 'jwk' });
    return {
      realm: realm.name,
      public_key: key.export({ type: 'spki', format: 'der' }).toString('base64'),
      'token-service': `${issuer}/protocol/openid-connect`,
      'account-service': `${issuer}/account`,
      'tokens-not-before': realm.settings.notBefore ?? 0,
    };
  },
);

/** Members that the document shares with OpenID Connect Discovery. */
const SHARED = [
  'issuer',
  'authorization_endpoint',
  'token_endpoint',
  'introspection_endpoint',
  'end_session_endpoint',
  'jwks_uri',
  'grant_types_supported',
  'response_types_supported',
  'response_modes_supported',
  'registration_endpoint',
  'token_endpoint_auth_methods_supported',
  'scopes_supported',
] as const;

/** UMA 2.0 Grant §2 and Federated Authorization §2: the document that names the protection API. */
export const umaConfigurationRoute = documentAt('/.well-known/uma2-configuration', (issuer, provider) => {
  const metadata = metadataOf(issuer, provider);
  const protection = `${issuer}/authz/protection`;
  return {
    ...Object.fromEntries(SHARED.map((name) => [name, metadata[name]])),
    resource_registration_endpoint: `${protection}/resource_set`,
    permission_endpoint: `${protection}/permission`,
  };
});
