import { allowAnyOrigin } from '../http/cors.ts';
import { issuerOf } from '../http/issuer.ts';
import type { Route } from '../http/route.ts';
import { metadataOf } from './discovery.ts';

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
export const umaConfigurationRoute: Route = {
  endpoint: 'discovery',
  path: '/.well-known/uma2-configuration',
  methods: ['GET'],
  handler({ provider, request, reply }) {
    const { realm } = provider;
    allowAnyOrigin(request, reply);
    reply.header('cache-control', 'no-cache, must-revalidate, no-transform, no-store');
    const issuer = issuerOf(request);
    const metadata = metadataOf(issuer, realm);
    const protection = `${issuer}/authz/protection`;
    return reply.send({
      ...Object.fromEntries(SHARED.map((name) => [name, metadata[name]])),
      resource_registration_endpoint: `${protection}/resource_set`,
      permission_endpoint: `${protection}/permission`,
      policy_endpoint: `${protection}/uma-policy`,
    });
  },
};
