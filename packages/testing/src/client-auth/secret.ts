import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { Fault } from '../fault.ts';
import { field, formOf } from '../http/form.ts';
import type { Client } from '../realm/client.ts';

/** Id and secret of a request. As in Keycloak, a field of the form is stronger than the `Authorization` header. */
export function credentialsOf(request: FastifyRequest): {
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
export function checkSecret({ secret: expected }: Client, secret: string | undefined): boolean {
  return secret !== undefined && expected !== undefined && isSame(secret, expected);
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

function isSame(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
