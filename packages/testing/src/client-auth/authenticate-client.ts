import type { FastifyRequest } from 'fastify';
import { Fault } from '../fault.ts';
import { formOf } from '../http/form.ts';
import { issuerOf } from '../http/issuer.ts';
import type { Provider } from '../provider.ts';
import type { Client } from '../realm/client.ts';
import { type Assertion, isJwtBearer, readAssertion } from './assertion.ts';
import { checkFederated, findFederated } from './federated-jwt.ts';
import { checkSecret, credentialsOf } from './secret.ts';
import { checkSignedJwt } from './signed-jwt.ts';

/** An endpoint's texts for refusals, which differ in Keycloak. */
export interface ClientAuthWording {
  readonly wrongSecret: () => Fault;
}

const SAME_TEXT = 'Invalid client or Invalid client credentials';
const wording: ClientAuthWording = { wrongSecret: () => new Fault(401, 'unauthorized_client', SAME_TEXT) };

/**
 * Authenticates a client by the method that the realm file names for it: a secret (`client_secret_basic` or `_post`), a signed
 * JWT (`client_secret_jwt`, `private_key_jwt`), a JWT of an identity provider (`federated-jwt`), or nothing, if it is public.
 *
 * @throws {Fault} 401 `invalid_client` if unknown or disabled, 401 if the secret is wrong, 400 `invalid_client` with the reason
 * if a JWT is refused
 */
export async function authenticateClient(
  provider: Provider,
  request: FastifyRequest,
  { wrongSecret } = wording,
): Promise<Client> {
  const unknown = () => new Fault(401, 'invalid_client', SAME_TEXT);
  const { id, secret } = credentialsOf(request);
  const assertion = readAssertion(formOf(request));
  const client = id === undefined ? clientOf(provider, assertion) : provider.realm.client(id);
  if (client === undefined || !client.enabled) throw unknown();
  const check = { provider, client, issuer: issuerOf(request) };
  switch (client.authenticator) {
    case 'client-jwt':
    case 'client-secret-jwt':
      if (client.isPublic) break;
      if (await checkSignedJwt(check, assertion)) return client;
      throw unknown();
    case 'federated-jwt':
      if (client.isPublic) break;
      if (await checkFederated(check, assertion)) return client;
      throw unknown();
    case 'client-secret':
      break;
    // A certificate, for example, which plain HTTP has not got.
    default:
      if (!client.isPublic) throw unknown();
  }
  // An assertion alone names no client that is public or has a secret.
  if (id === undefined) throw unknown();
  if (!client.isPublic && !checkSecret(client, secret)) throw wrongSecret();
  return client;
}

/** The client that an assertion names: by its id, or as the identity provider knows it. */
function clientOf({ realm }: Provider, assertion: Assertion): Client | undefined {
  const { claims } = assertion;
  if (claims === undefined || !isJwtBearer(assertion)) return undefined;
  return claims.iss === claims.sub && claims.sub !== undefined
    ? realm.client(String(claims.sub))
    : findFederated(realm, claims)?.client;
}
