import { isObject, membersOf } from './read-claims.ts';

/** Who acts in the name of a user, in a delegated call (RFC 8693 §4.1). */
export interface Actor {
  /** Id of the actor (`sub`). */
  readonly subject: string | null;
  /** Client of the actor (`client_id`, or `azp`). */
  readonly clientId: string | null;
  /** The one before, in a chain of calls. */
  readonly actor: Actor | null;
}

/** Longer chains are cut: the claim can be as deep as a token is long. */
const MOST_ACTORS = 10;

/** The claim `act`; `null` if the user acts alone. */
export function toActor(act: unknown): Actor | null {
  const chain: Record<string, unknown>[] = [];
  for (let one = act; isObject(one) && chain.length < MOST_ACTORS; one = chain.at(-1)?.act)
    chain.push(membersOf(one));
  return chain.reduceRight<Actor | null>(
    (actor, { sub, client_id, azp }) =>
      Object.freeze({ subject: toText(sub), clientId: toText(client_id) ?? toText(azp), actor }),
    null,
  );
}

/**
 * Whether a person has signed in, or a client acts in its own name. A person has a session at Keycloak; Keycloak marks what
 * it issues to a service account (`cc` in `jti`, since 26.4; the address of the client). A user's name says nothing: anybody
 * could have it.
 */
export function toKind(claims: { readonly [claim: string]: unknown }): 'person' | 'service' {
  const session = toText(claims.sid) ?? toText(claims.session_state);
  const isMarked = /^\w{4}cc:/.test(toText(claims.jti) ?? '') || toText(claims.clientHost) !== null;
  return session === null || isMarked ? 'service' : 'person';
}

function toText(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}
