import { readCompactJws } from '../jwt/compact-jws.ts';

/** A token that somebody else signed for this application. */
interface FileToken {
  readonly token: string;
  /** Unit: milliseconds since 1970. */
  readonly expiresAt: number;
}

/** It has to be good when it arrives. Unit: milliseconds. */
const ON_THE_WAY_MS = 1_000;

/** How the file of a Kubernetes service account, or of SPIFFE, is read. */
export const readTokenFile = {
  /** @throws {Error} for what is not a signed token, as one that is half written; without its content */
  parse(text: string): FileToken[] {
    const token = text.trim();
    const { exp } = readClaims(token);
    return [{ token, expiresAt: typeof exp === 'number' ? exp * 1000 : Number.POSITIVE_INFINITY }];
  },
  goodUntil: ({ expiresAt }: FileToken): number => expiresAt - ON_THE_WAY_MS,
};

function readClaims(token: string): Readonly<Record<string, unknown>> {
  try {
    const { payload, signature } = readCompactJws(token);
    if (signature.length > 0) return payload();
  } catch {
    // Its message would be about a token that was sent here.
  }
  throw new Error('it is not a signed token');
}
