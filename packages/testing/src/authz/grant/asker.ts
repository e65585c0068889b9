import { authenticateClient } from '../../client-auth/authenticate-client.ts';
import { Fault, invalidGrant } from '../../fault.ts';
import { clientCredentialsGrant } from '../../grants/client-credentials.ts';
import { bearerOf } from '../../http/bearer.ts';
import { allowOriginsOf } from '../../http/cors.ts';
import { formOf } from '../../http/form.ts';
import { issuerOf } from '../../http/issuer.ts';
import type { Exchange } from '../../http/route.ts';
import type { Client } from '../../realm/client.ts';
import { readToken } from '../../tokens/read-access-token.ts';

export const ID_TOKEN_FORMAT = 'http://openid.net/specs/openid-connect-core-1_0.html#IDToken';

/** The client that asks, and the token of the subject. */
export interface Asker {
  readonly client: Client;
  readonly subjectToken: string;
}

/**
 * Accepts the bearer token of any client. Without one, the client authenticates and asks for a token that it sends, or for
 * itself.
 *
 * @throws {Fault} 400 `invalid_grant` for a bad bearer token, 401 for the client
 */
export async function findAsker({ provider, request, reply }: Exchange): Promise<Asker> {
  const bearer = bearerOf(request);
  if (bearer !== undefined) {
    const reading = await readToken(provider, bearer, issuerOf(request), ['Bearer']);
    if ('client' in reading) {
      allowOriginsOf(reading.client, request, reply);
      return { client: reading.client, subjectToken: bearer };
    }
    const claims = await provider.keys.verify(bearer);
    const issuedFor = provider.realm.client(String(claims?.azp));
    if (issuedFor !== undefined) allowOriginsOf(issuedFor, request, reply);
    throw invalidGrant('Invalid bearer token');
  }
  const client = await authenticateClient(provider, request);
  if (client.bearerOnly) throw new Fault(400, 'invalid_client', 'Bearer-only not allowed');
  allowOriginsOf(client, request, reply);
  const form = formOf(request);
  const claimToken = form.get('claim_token');
  if (claimToken !== null && claimFormatOf(form) === ID_TOKEN_FORMAT) {
    return { client, subjectToken: claimToken };
  }
  const given = form.get('subject_token');
  if (given !== null) return { client, subjectToken: given };
  const issuer = issuerOf(request);
  const own = await clientCredentialsGrant({ provider, request, form, client, issuer, jkt: undefined });
  return { client, subjectToken: String(own.access_token) };
}

/** A claim token without a format is an ID token. */
export function claimFormatOf(form: URLSearchParams): string | undefined {
  return form.get('claim_token_format') ?? (form.has('claim_token') ? ID_TOKEN_FORMAT : undefined);
}
