import type { FastifyRequest } from 'fastify';
import { authenticateClient } from '../client-auth/authenticate-client.ts';
import { Fault, invalidRequest } from '../fault.ts';
import {
  authorizationCodeGrant,
  clientCredentialsGrant,
  deviceCodeGrant,
  type GrantHandler,
  passwordGrant,
  refreshGrant,
} from '../grants/grants.ts';
import { tokenExchangeGrant } from '../grants/token-exchange.ts';
import { field, formOf, refuseDuplicates } from '../http/bodies.ts';
import { allowCaller, allowOriginsOf, issuerOf } from '../http/headers.ts';
import type { Provider } from '../provider/provider.ts';
import type { Route } from '../provider/route.ts';
import { type Client, hasFlag } from '../realm/client.ts';
import { UMA_TICKET, umaTicketGrant } from '../uma/uma-ticket.ts';

const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';

const GRANTS: ReadonlyMap<string, GrantHandler> = new Map([
  ['authorization_code', authorizationCodeGrant],
  ['password', passwordGrant],
  ['refresh_token', refreshGrant],
  ['client_credentials', clientCredentialsGrant],
  ['urn:ietf:params:oauth:grant-type:device_code', deviceCodeGrant],
  [TOKEN_EXCHANGE, tokenExchangeGrant],
]);

const DPOP_MISSING = 'DPoP proof is missing';

async function dpopKeyOf({ dpop }: Provider, request: FastifyRequest, client: Client, issuer: string) {
  const proof = request.headers.dpop;
  if (proof === undefined && !hasFlag(client, 'dpop.bound.access.tokens')) return undefined;
  if (typeof proof !== 'string' || proof === '') throw invalidRequest(DPOP_MISSING);
  return dpop.check({ proof, method: 'POST', url: `${issuer}/protocol/openid-connect/token` });
}

export const tokenRoute: Route = {
  endpoint: 'token',
  path: '/protocol/openid-connect/token',
  methods: ['POST'],
  async handler(exchange) {
    const { provider, request, reply } = exchange;
    // RFC 6749 §5.1
    reply.header('cache-control', 'no-store').header('pragma', 'no-cache');
    const form = formOf(request);
    const type = field(form, 'grant_type');
    if (type === undefined) throw invalidRequest('Missing form parameter: grant_type');
    // Keycloak accepts a bearer token here in place of the client's credentials.
    if (type === UMA_TICKET) {
      allowCaller(request, reply);
      return reply.send(await umaTicketGrant(exchange));
    }
    const grant = GRANTS.get(type);
    if (grant === undefined) throw new Fault(400, 'unsupported_grant_type', 'Unsupported grant_type');
    allowCaller(request, reply);
    const client = await authenticateClient(provider, request);
    if (client.bearerOnly) throw new Fault(400, 'invalid_client', 'Bearer-only not allowed');
    // A token can be exchanged for several audiences (RFC 8693 §2.1).
    const several = type === TOKEN_EXCHANGE ? 'audience' : undefined;
    refuseDuplicates(form, invalidRequest, several);
    allowOriginsOf(client, request, reply);
    const issuer = issuerOf(request);
    const jkt = await dpopKeyOf(provider, request, client, issuer);
    return reply.send(await grant({ provider, request, form, client, issuer, jkt }));
  },
};
