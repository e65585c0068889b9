import { randomUUID } from 'node:crypto';
import { Fault } from '../../fault.ts';
import type { Provider } from '../../provider.ts';
import type { Claims } from '../../tokens/issue.ts';
import type { AskedText } from './permission-form.ts';
import type { PushedClaims } from './pushed-claims.ts';

/** A ticket's content: which server issued it, and what it asks for. */
export interface TicketContent {
  readonly audience: string;
  readonly asked: readonly AskedText[];
  readonly claims: PushedClaims;
}

const invalidTicket = (text: string) => new Fault(403, 'invalid_ticket', text);

/**
 * Reads a permission ticket (UMA 2.0 Grant §3.3.1). It belongs to nobody, and is valid until it expires.
 *
 * @throws {Fault} 403 `invalid_ticket`
 */
export async function readTicket({ keys, clock }: Provider, ticket: string): Promise<TicketContent> {
  // Keycloak accepts any token of the realm as a ticket. Another kind of token asks for nothing.
  const content = (await keys.verifyInternal(ticket)) ?? (await keys.verify(ticket));
  if (content === undefined) throw invalidTicket('Ticket verification failed');
  if ((content.exp as number) <= clock.seconds()) throw invalidTicket('Invalid permission ticket.');
  const permissions = (content.permissions ?? []) as { rsid?: string; scopes?: string[] }[];
  return {
    audience: String(content.azp),
    asked: permissions.map(({ rsid, scopes = [] }) => ({ resource: rsid, scopes })),
    claims: (content.claims ?? {}) as PushedClaims,
  };
}

/** Expires with the token of the caller. */
export function signTicket(
  { keys, clock }: Provider,
  { exp, sub, azp }: Claims,
  issuer: string,
  { asked, claims }: Omit<TicketContent, 'audience'>,
): Promise<string> {
  return keys.signInternal({
    exp,
    iat: clock.seconds(),
    permissions: asked.map(({ resource, scopes }) => ({
      ...(scopes.length === 0 ? {} : { scopes }),
      rsid: resource,
    })),
    ...(Object.keys(claims).length === 0 ? {} : { claims }),
    jti: `${randomUUID()}-${clock.now()}`,
    aud: issuer,
    sub,
    azp,
  });
}
