import type { ClientContext } from './context.ts';
import { grant } from './grant.ts';
import type { ServiceTokenRequest } from './service-token.ts';
import type { Tokens } from './tokens.ts';

/** A token of this client itself: its service account's (RFC 6749 §4.4). */
export function clientCredentials(
  context: ClientContext,
  { scope }: ServiceTokenRequest = {},
): Promise<Tokens> {
  return grant(context, 'client_credentials', scope === undefined ? {} : { scope }, {});
}
