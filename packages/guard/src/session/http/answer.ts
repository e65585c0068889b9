import { createHash } from 'node:crypto';
import { type Answer, headerOf, toJsonAnswer } from '../../core/internal.ts';
import type { SessionRequest } from './request.ts';

/** An answer to a browser that any framework can send. */
export type SessionAnswer = Answer;

export const NOT_FOR_CACHES = { 'cache-control': 'no-store' } as const;

/** An answer by cookie is for this browser: caches that several people share would hand it to the next one (RFC 9111 §5.2.2.7). */
export const FOR_THIS_BROWSER = { 'cache-control': 'private', vary: 'Cookie' } as const;
/** An answer without a session is for those who have none. */
export const FOR_NOBODY = { vary: 'Cookie' } as const;

/** Redirects with `GET` after any method (RFC 9110 §15.4.4). */
export function redirectTo(location: string, setCookies: readonly string[] = []): SessionAnswer {
  return { status: 303, headers: { ...NOT_FOR_CACHES, location }, setCookies, body: undefined };
}

export function jsonAnswer(body: object, setCookies: readonly string[] = []): SessionAnswer {
  return toJsonAnswer(200, NOT_FOR_CACHES, body, setCookies);
}

interface Failure {
  readonly statusCode: 400 | 403 | 500 | 503;
  readonly detail: string;
  readonly hint: string;
  /** The words of the page's link. Default: those of one to the login. */
  readonly link?: string;
}

/** Why the sign-in failed. None of this comes from the URL. */
const LOGIN_FAILURES = {
  not_yours: {
    statusCode: 400,
    detail: 'This sign-in is no longer valid',
    hint: 'It took too long, was used before, or began in another browser or at another address of this app.',
  },
  code_refused: {
    statusCode: 400,
    detail: 'Sign-in did not succeed',
    hint: 'It took too long, was used before, or a logout overtook it. Try it once more.',
  },
  cancelled: {
    statusCode: 403,
    detail: 'Sign-in was cancelled',
    hint: 'You can start again whenever you like.',
  },
  not_member: {
    statusCode: 403,
    detail: 'Not enough permissions',
    hint: 'This account is not a member of that organization, or there is none of that name.',
    link: 'Home',
  },
  denied: {
    statusCode: 403,
    detail: 'Not enough permissions',
    hint: 'This account may not be used here.',
  },
  refused: { statusCode: 400, detail: 'Sign-in did not succeed', hint: 'The identity provider refused it.' },
  too_weak: {
    statusCode: 403,
    detail: 'This sign-in is not enough',
    hint: 'The page asks for a stronger way of signing in than was used.',
  },
  bad_address: {
    statusCode: 400,
    detail: 'Sign-in is not possible at this address',
    hint: 'The host name in the request is not valid.',
  },
  others_signed_in: {
    statusCode: 503,
    detail: 'You are signed out here, but not everywhere',
    hint: 'Other devices may still be signed in. Sign in again, and try it once more.',
  },
  all_signed_in: {
    statusCode: 503,
    detail: 'You are signed out here, but not everywhere',
    hint: 'This browser may still be signed in at the identity provider, and other devices may be, too.',
    link: 'Sign out there',
  },
  misconfigured: {
    statusCode: 500,
    detail: 'Login is not available',
    hint: 'Something is set up wrongly here. The people who run this service find the cause in its log.',
  },
  unavailable: {
    statusCode: 503,
    detail: 'Identity provider unavailable',
    hint: 'It does not answer at the moment. Try again in a minute.',
  },
  store: {
    statusCode: 503,
    detail: 'Session store unavailable',
    hint: 'Sign-in is not possible at the moment. Try again in a minute.',
  },
} as const satisfies Record<string, Failure>;

export type LoginFailure = keyof typeof LOGIN_FAILURES;

const STYLE =
  ':root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:15vh auto;padding:0 1.25rem}';
const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64');
const POLICY = `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

/**
 * A small page for browsers, `{"detail"}` for other clients.
 *
 * @param path where its link leads to: the login, unless the failure says otherwise
 */
export function toFailureAnswer(
  request: SessionRequest,
  failure: LoginFailure,
  path: string,
  setCookies: readonly string[],
): SessionAnswer {
  const { statusCode: status, detail, hint, link = 'Sign in again' }: Failure = LOGIN_FAILURES[failure];
  const isPage = headerOf(request.headers, 'accept')?.includes('text/html') === true;
  const headers = {
    ...NOT_FOR_CACHES,
    vary: 'Accept',
    ...(status === 503 ? { 'retry-after': '5' } : {}),
    ...(isPage ? PAGE_HEADERS : { 'content-type': 'application/json; charset=utf-8' }),
  };
  const body = isPage ? toPage(detail, hint, path, link) : JSON.stringify({ detail });
  return { status, headers, setCookies, body };
}

/** Asks a person whether they want to act for another organization, since another site led them here. */
export function toConfirmation(organization: string, path: string): SessionAnswer {
  const hint = `A link of another site leads to ${organization}, and you work for another organization now.`;
  const body = toPage('Switch the organization?', hint, path, 'Switch');
  return { status: 200, headers: { ...NOT_FOR_CACHES, ...PAGE_HEADERS }, setCookies: [], body };
}

/**
 * A refusal for a person: who they are signed in as, and the ways out.
 *
 * @param refusal the same for programs
 * @param person `undefined`: nobody is, for the address is no tenant's
 */
export function toRefusalPage(
  { status, headers, setCookies }: SessionAnswer,
  detail: string,
  person?: Record<'name' | 'homePath' | 'signOutPath', string>,
): SessionAnswer {
  const body = person
    ? toPage(
        detail,
        `You are signed in as ${person.name}. This page is not open to you.`,
        person.homePath,
        'Home',
        person.signOutPath,
      )
    : toPage(detail, 'There is nothing at this address. Look at how it is spelled.');
  const ownHeaders = { ...NOT_FOR_CACHES, ...PAGE_HEADERS, ...(person && WITH_FORM) };
  return { status, headers: { ...headers, ...ownHeaders }, setCookies, body };
}

/** The way out is a form, whose page is known by its referrer where there is no `Sec-Fetch-Site`. It leads on to Keycloak. */
const WITH_FORM = {
  'content-security-policy': POLICY.replace(" form-action 'none';", ''),
  'referrer-policy': 'same-origin',
};

const PAGE_HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': POLICY,
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

function toPage(
  ...texts: [detail: string, hint: string, path?: string, link?: string, signOutPath?: string]
): string {
  const [detail, hint, path, link, signOutPath] = texts.map((text) =>
    text?.replace(/[&<>"]/g, (one) => `&#${one.charCodeAt(0)};`),
  );
  const way =
    path === undefined
      ? ''
      : `
      <p><a href="${path}">${link}</a></p>`;
  const form =
    signOutPath === undefined
      ? ''
      : `
      <form method="post" action="${signOutPath}"><button>Sign out</button></form>`;
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>${detail}</title>
    <style>${STYLE}</style>
  </head>
  <body>
    <main>
      <h1>${detail}</h1>
      <p>${hint}</p>${way}${form}
    </main>
  </body>
</html>
`;
}
