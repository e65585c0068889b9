import type { FastifyRequest } from 'fastify';
import { Fault } from '../fault.ts';
import { field, formOf } from '../http/bodies.ts';
import { issuerOf } from '../http/headers.ts';
import type { Client } from '../realm/client.ts';
import { isSameSecret } from '../realm/password.ts';
import {
  type Assertion,
  type ClientAuthState,
  checkFederated,
  checkSignedJwt,
  findFederated,
  isJwtBearer,
  readAssertion,
} from './assertions.ts';

/** Id and secret of a request. As in Keycloak, a field of the form is stronger than the `Authorization` header. */
function credentialsOf(request: FastifyRequest): {
  id: string | undefined;
  secret: string | undefined;
} {
  const form = formOf(request);
  const basic = basicOf(request);
  return {
    id: field(form, 'client_id') ?? basic?.id,
    secret: field(form, 'client_secret') ?? basic?.secret,
  };
}

/** Whether the secret is the client's. Compares in constant time. */
function checkSecret({ secret: expected }: Client, secret: string | undefined): boolean {
  return secret !== undefined && expected !== undefined && isSameSecret(secret, expected);
}

function basicOf(request: FastifyRequest): { id: string; secret: string } | undefined {
  const header = /^basic (.+)$/i.exec(request.headers.authorization ?? '');
  const text = Buffer.from(header?.[1] ?? '', 'base64').toString();
  const colon = text.indexOf(':');
  if (colon === -1) return undefined;
  // RFC 6749 §2.3.1: both halves are form-encoded.
  return { id: decode(text.slice(0, colon)), secret: decode(text.slice(colon + 1)) };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw new Fault(400, 'unauthorized_client', 'Unexpected error when authenticating client');
  }
}

const SAME_TEXT = 'Invalid client or Invalid client credentials';

/**
 * Authenticates a client by the method that the realm file names for it: a secret (`client_secret_basic` or `_post`), a signed
 * JWT (`client_secret_jwt`, `private_key_jwt`), a JWT of an identity provider (`federated-jwt`), or nothing, if it is public.
 *
 * @param wrongSecret the refusal of a wrong secret, in which endpoints differ
 * @throws {Fault} 401 `invalid_client` if unknown or disabled, 401 if the secret is wrong, 400 `invalid_client` with the reason
 * if a JWT is refused
 */
export async function authenticateClient(
  provider: ClientAuthState,
  request: FastifyRequest,
  wrongSecret = new Fault(401, 'unauthorized_client', SAME_TEXT),
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
  if (!client.isPublic && !checkSecret(client, secret)) throw wrongSecret;
  return client;
}

/** The client that an assertion names: by its id, or as the identity provider knows it. */
function clientOf({ realm }: ClientAuthState, assertion: Assertion): Client | undefined {
  const { claims } = assertion;
  if (claims === undefined || !isJwtBearer(assertion)) return undefined;
  return claims.iss === claims.sub && claims.sub !== undefined
    ? realm.client(String(claims.sub))
    : findFederated(realm, claims)?.client;
}
