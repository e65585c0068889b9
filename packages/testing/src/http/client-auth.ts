import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { Fault } from '../fault.ts';
import type { Client } from '../realm/client.ts';
import type { Realm } from '../realm/realm.ts';
import { field, formOf } from './form.ts';

/** An endpoint's texts for refusals, which differ in Keycloak. */
export interface ClientAuthWording {
  readonly wrongSecret: () => Fault;
}

const SAME_TEXT = 'Invalid client or Invalid client credentials';
const wording: ClientAuthWording = { wrongSecret: () => new Fault(401, 'unauthorized_client', SAME_TEXT) };

/**
 * Authenticates a client: by `client_secret_basic`, by `client_secret_post`, or a public client by its id.
 *
 * @throws {Fault} 401 `invalid_client` if unknown or disabled, 401 if the secret is wrong
 */
export function authenticateClient(realm: Realm, request: FastifyRequest, { wrongSecret } = wording): Client {
  const { id, secret } = credentialsOf(request);
  const client = id === undefined ? undefined : realm.client(id);
  if (client === undefined || !client.enabled) throw new Fault(401, 'invalid_client', SAME_TEXT);
  if (client.isPublic) return client;
  if (client.authenticator === 'client-jwt' || client.authenticator === 'client-secret-jwt') {
    throw new Fault(400, 'invalid_client', 'Parameter client_assertion_type is missing');
  }
  if (secret === undefined || client.secret === undefined || !isSame(secret, client.secret))
    throw wrongSecret();
  return client;
}

function credentialsOf(request: FastifyRequest): { id?: string | undefined; secret?: string | undefined } {
  const form = formOf(request);
  const header = /^basic (.+)$/i.exec(request.headers.authorization ?? '');
  if (header !== null) {
    const text = Buffer.from(header[1]!, 'base64').toString();
    const colon = text.indexOf(':');
    // RFC 6749 §2.3.1: both halves are form-encoded.
    if (colon !== -1) return { id: decode(text.slice(0, colon)), secret: decode(text.slice(colon + 1)) };
  }
  return { id: field(form, 'client_id'), secret: field(form, 'client_secret') };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
}

function isSame(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
