import { lastNameOf, type SyntaxNode, textOf, walk } from '@keycloak-guard/cli/unstable';

/** A place in a project. */
export interface Location {
  /** Path from the examined folder, with `/`. */
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
}

/** A use of a deprecated adapter. */
export interface Finding extends Location {
  /** The source, on one line. */
  readonly use: string;
  /** Ids of the differences in behaviour; see `DIFFERENCES`. */
  readonly differs: readonly DifferenceId[];
  /** Why the drop-in refuses it, and the way out; `null` if it does not. */
  readonly blocked: string | null;
  /** A reason to look at it all the same: an option without effect, or a value that only the running program knows. */
  readonly remark: string | null;
}

/** A judgement about a use, without its place. */
export type Verdict = Pick<Finding, 'differs' | 'blocked' | 'remark'>;

/** A use that stays as it is. */
export const AS_IT_IS: Verdict = { differs: [], blocked: null, remark: null };

/** The differences in behaviour after the move. */
export const DIFFERENCES = {
  audience: {
    title: 'Tokens must be for this API',
    why: 'keycloak-connect accepts every token of the realm, even one that was issued to another client for another API.',
    wayOut:
      'Give the calling clients an audience mapper for this client: `migrate --url …` finds those that lack it, and `setup audience …` adds it. `verify-token-audience: false` still works, with a warning.',
  },
  'nest-audience': {
    title: 'Tokens must be for this API',
    why: 'The package accepts every token of the realm, even one that was issued to another client for another API.',
    wayOut:
      "Give the calling clients an audience mapper for this client: `migrate --url …` finds those that lack it, and `setup audience …` adds it. Until then `verifier: { audience: 'account' }` accepts the same tokens as before.",
  },
  'nest-answers': {
    title: 'Refusals have a challenge, and another body',
    why: 'Where roles are required, the package answers a missing token with 403: clients cannot see that signing in would help.',
    wayOut:
      'Clients that read `message` must read `detail`. Exception filters see the same exceptions of Nest.',
  },
  'status-401': {
    title: 'A missing or bad token is answered 401 with a challenge; 403 is for missing permissions',
    why: 'keycloak-connect answers 403 "Access denied", or by `protect` a redirect to the login: clients cannot see that signing in again would help. With Keycloak down, its enforcer answers 403, and this one 503.',
    wayOut: 'Clients that sign in again on 403 must do so on 401. You can still replace `accessDenied`.',
  },
  'login-bound': {
    title: 'A login must end in the browser that began it',
    why: 'keycloak-connect never checks `state`: a link with an attacker’s code signs the victim in as the attacker.',
    wayOut:
      'Nothing to do. Users who are on the login page at the moment of the switch must sign in once more.',
  },
  'logout-here': {
    title: 'Pages of other sites cannot sign a user out',
    why: 'With keycloak-connect, any page can sign a visitor out: an image with the logout address is enough.',
    wayOut: 'Links and forms of the application itself still work, and those of sibling domains.',
  },
  'admin-messages': {
    title: 'Messages from Keycloak must be for this client, in time, and at most 256 KiB long',
    why: 'keycloak-connect reads any length, and accepts messages for other clients and expired ones.',
    wayOut: 'Nothing to do. Better: set the back-channel logout URL of the client.',
  },
  'cookie-flags': {
    title: 'The cookie of `cookies: true` belongs to this host and to its pages',
    why: 'Scripts can read the tokens, a sibling domain can plant its own cookie, and other sites can send it along.',
    wayOut:
      'A script that reads the cookie must ask the application instead. Requests that change something must come from a page of the same origin.',
  },
  'role-colons': {
    title: 'The whole name of a role with a colon is checked',
    why: 'For `realm:a:b`, keycloak-connect checks the role `a`.',
    wayOut: 'Check whether users who have only the role `a` rely on it.',
  },
  'granted-whole': {
    title: 'Keycloak must grant every permission in the question',
    why: 'Keycloak answers 200 when it grants a part, and the old adapters admit the request.',
    wayOut: 'Nothing to do, unless users rely on it.',
  },
  'asked-by-id': {
    title: 'Keycloak is asked about resources by id, not by name',
    why: 'By name, Keycloak may decide on a resource that the caller owns: users who may register resources could choose the decision.',
    wayOut:
      'Names are looked up with the client’s secret: put it into the settings, and switch "Service accounts roles" on. For another resource server (`resource_server_id`), set `resource_server_secret`.',
  },
  'class-and-handler': {
    title: 'A request must meet the requirements of the controller and of the handler',
    why: 'In the package, the roles of the controller replace those of the handler.',
    wayOut: 'If a handler is meant for other roles, move the roles from the controller to its handlers.',
  },
  'unknown-context': {
    title: 'WebSocket and RPC handlers are guarded',
    why: 'The package admits everything that is neither HTTP nor GraphQL, and Nest takes no `APP_GUARD` there. The drop-in does.',
    wayOut:
      '`tokenFrom.rpc` says where the token of a microservice’s message is. `@Public()` opens a handler.',
  },
  'online-validation': {
    title: 'ONLINE asks Keycloak at most every 30 seconds about a token that is in use',
    why: 'The package asks at every request, and takes every HTTP 200 for a yes.',
    wayOut: '`verifier: { tokenCheck: "remote" }` asks at every request.',
  },
  'options-without-secret': {
    title: 'The injected options do not contain the secret',
    why: 'In the package, `KEYCLOAK_CONNECT_OPTIONS` contains `secret` and `credentials`: a log of the options shows the secret.',
    wayOut:
      'Code that reads the secret from the injected options must read it from the configuration instead.',
  },
  'pinned-key': {
    title: 'A key in the settings is never replaced',
    why: 'With `realm-public-key`, Keycloak’s next key rotation is an outage.',
    wayOut: 'Remove it: the keys are then fetched and kept.',
  },
} as const satisfies Record<string, { title: string; why: string; wayOut: string }>;

export type DifferenceId = keyof typeof DIFFERENCES;

const SECRET = /secret|password|public-?key/i;

/** A part of the source, on one line, without the secrets that it contains: the report goes into a pull request. */
export function quoteUse(text: string, node: SyntaxNode): string {
  let quoted = '';
  let at = node.start;
  const secrets = [...walk(node)].filter(({ node: one, around }) => isText(one) && isSecret(one, around));
  for (const { node: one } of secrets.sort((a, b) => a.node.start - b.node.start)) {
    // Within another one.
    if (one.start < at) continue;
    quoted += `${text.slice(at, one.start)}'…'`;
    at = one.end;
  }
  return (quoted + text.slice(at, node.end)).replace(/\s+/g, ' ');
}

const isText = ({ type }: SyntaxNode): boolean => type === 'StringLiteral' || type === 'TemplateLiteral';

function isSecret(one: SyntaxNode, around: readonly SyntaxNode[]): boolean {
  // A URL with a name and a password, or settings as text.
  if (/:\/\/[^/\s]*@|(secret|password)["']?\s*[:=]/i.test(textOf(one) ?? '')) return true;
  return around.some(({ type, key, callee }) => {
    if (type === 'ObjectProperty') return key !== one && SECRET.test(lastNameOf(key) ?? textOf(key) ?? '');
    return type === 'CallExpression' && lastNameOf(callee) === 'obtainDirectly';
  });
}
