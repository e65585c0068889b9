/** A sign-in that a token must come from (RFC 9470). */
export interface RequiredSignIn {
  /** Values of `acr`; one is enough. Clients ask Keycloak for the first: of several it takes the weakest. */
  readonly acr?: readonly string[] | undefined;
  /** How long ago it may have been. Unit: seconds. */
  readonly maxAge?: number | undefined;
}

/** Members of a `WWW-Authenticate` header. */
export interface Challenge {
  /** OAuth error code (RFC 6750 §3.1); none when the request carried no token at all. */
  readonly error?: string | undefined;
  /** Public text for the developer of the client. Never holds anything taken from the token. */
  readonly description?: string | undefined;
  /** Scopes that would have been enough, separated by one space (RFC 6750 §3). */
  readonly scope?: string | undefined;
  /** The sign-in that would be enough (RFC 9470 §3). */
  readonly signIn?: RequiredSignIn | undefined;
  /** URL of the metadata of the protected resource (RFC 9728 §5.1). */
  readonly resourceMetadata?: string | undefined;
}

/**
 * Builds the value of a `WWW-Authenticate` header. This is the only place that does.
 *
 * @returns `Bearer`, or `Bearer error="…", error_description="…", scope="…"` with the given members
 * @see RFC 6750 §3, RFC 9110 §11.6.1
 */
export function buildChallenge(challenge: Challenge = {}): string {
  const params = [
    ['error', challenge.error],
    ['error_description', challenge.description],
    ['scope', challenge.scope],
    ['acr_values', challenge.signIn?.acr?.[0]],
    ['max_age', challenge.signIn?.maxAge?.toString()],
    ['resource_metadata', challenge.resourceMetadata],
  ]
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}="${toQuotable(value as string)}"`);
  return params.length > 0 ? `Bearer ${params.join(', ')}` : 'Bearer';
}

/** The part of challenges about tokens that are bound to a key (RFC 9449 §7.1). */
export interface ChallengedProof {
  /** Algorithms that a proof may be signed with. */
  readonly algorithms: Iterable<string>;
  readonly mode: 'accepted' | 'required';
  /** The scheme with which a token came, to which the error belongs. */
  readonly isAbout: 'Bearer' | 'DPoP';
}

/**
 * The same challenge if tokens may, or must, be bound to a key. If both schemes are accepted, `Bearer` comes first:
 * many clients read no further than the first one, and know no other.
 *
 * @param challenge what {@link buildChallenge} made
 * @see RFC 9449 §7.1
 */
export function withDpopChallenge(challenge: string, { algorithms, mode, isAbout }: ChallengedProof): string {
  const dpop = `DPoP algs="${[...algorithms].join(' ')}"`;
  const params = challenge.slice('Bearer '.length);
  if (mode === 'accepted' && isAbout === 'Bearer') return `${challenge}, ${dpop}`;
  const about = params === '' ? dpop : `${dpop}, ${params}`;
  return mode === 'accepted' ? `Bearer, ${about}` : about;
}

/** One challenge of a `WWW-Authenticate` header. */
export interface ReadChallenge {
  /** In lower case, for example `bearer`. */
  readonly scheme: string;
  readonly error?: string;
  readonly description?: string;
}

/**
 * The challenges of a `WWW-Authenticate` header, with the errors they name. Nothing else in them says why: the realm is only
 * a name, and may be anything.
 *
 * @see RFC 9110 §11.6.1, RFC 6750 §3
 */
export function readChallenges(header: string): ReadChallenge[] {
  const challenges: { -readonly [K in keyof ReadChallenge]: ReadChallenge[K] }[] = [];
  for (const [, comma, name, token, quoted, word] of header.matchAll(PART)) {
    const current = challenges.at(-1);
    if (word !== undefined) {
      // A word that follows no comma is the credentials of its scheme (token68).
      if (current === undefined || comma !== '') challenges.push({ scheme: word.toLowerCase() });
    } else if (current !== undefined) {
      const value = token ?? (quoted as string).replace(/\\(.)/g, '$1');
      if (/^error$/i.test(name as string)) current.error = value;
      else if (/^error_description$/i.test(name as string)) current.description = value;
    }
  }
  return challenges;
}

/** auth-param = token BWS "=" BWS ( token / quoted-string ), or a word. Anything else ends the reading. */
const PART =
  /[\t ]*((?:,[\t ]*)*)(?:([\w!#$%&'*+.^`|~-]+)[\t ]*=[\t ]*(?:([\w!#$%&'*+.^`|~-]+)|"((?:[^"\\]|\\.)*)")|([\w!#$%&'*+.^`|~/-]+)=*)(?=[\t ,]|$)/gy;

/** RFC 6750 §3 allows %x20-21 / %x23-5B / %x5D-7E between the quotes: no `"`, no `\`, no control characters. */
function toQuotable(value: string): string {
  return value.replace(/[^\x20\x21\x23-\x5b\x5d-\x7e]/g, "'");
}
