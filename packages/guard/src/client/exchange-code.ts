import type { ClientContext } from './context.ts';
import { grant } from './grant.ts';
import type { Tokens } from './tokens.ts';

/** A code that was given to a program in the browser, which has checked `state` itself. */
export interface CodeExchange {
  readonly code: string;
  readonly redirectUri: string;
  readonly codeVerifier: string;
}

/** RFC 6749 §4.1.3 with RFC 7636 §4.5. Not checked: `state`, `iss` of the response, and the nonce. */
export async function exchangeCode(context: ClientContext, exchange: CodeExchange): Promise<Tokens> {
  const { code, redirectUri, codeVerifier } = exchange;
  return grant(
    context,
    'authorization_code',
    { code, redirect_uri: redirectUri, code_verifier: codeVerifier },
    { hidden: [code, codeVerifier] },
  );
}
