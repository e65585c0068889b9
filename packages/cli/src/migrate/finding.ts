/** A place in a project. */
export interface Place {
  /** Path from the examined folder, with `/`. */
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
}

/** A use of a deprecated adapter. */
export interface Finding extends Place {
  /** The source, on one line. */
  readonly use: string;
  /** Its replacement with the drop-in; `null` if it stays. */
  readonly dropIn: string | null;
  /** Its replacement with the framework's adapter; `null` if there is none. */
  readonly native: string | null;
  /** Ids of the differences in behaviour; see `DIFFERENCES`. */
  readonly differs: readonly DifferenceId[];
  /** Why the drop-in refuses it, and the way out; `null` if it does not. */
  readonly blocked: string | null;
  /** What to look at all the same: an option that has no effect, or a value that only the running program knows. */
  readonly remark: string | null;
}

/** What is said of a use, without its place. */
export type Verdict = Pick<Finding, 'dropIn' | 'native' | 'differs' | 'blocked' | 'remark'>;

/** A use that stays as it is. */
export const AS_IT_IS: Verdict = { dropIn: null, native: null, differs: [], blocked: null, remark: null };

/** What behaves differently after the move. */
export const DIFFERENCES = {
  audience: {
    title: 'Tokens have to be for this API',
    why: 'The adapter accepted every token of the realm, even one issued to another client for another API.',
    wayOut:
      'Give the calling clients an audience mapper for this client: `migrate --url …` finds those that lack it, and `setup --audience-for …` adds it. `verify-token-audience: false` still works, with a warning.',
  },
  'nest-audience': {
    title: 'Tokens have to be for this API',
    why: 'The package accepted every token of the realm, even one issued to another client for another API.',
    wayOut:
      "Give the calling clients an audience mapper for this client: `migrate --url …` finds those that lack it, and `setup --audience-for …` adds it. Until then `verifier: { audience: 'account' }` accepts the same tokens as before.",
  },
  'nest-answers': {
    title: 'Refusals have a challenge, and another body',
    why: 'A client could not tell that it has to sign in: where roles are required, a missing token was answered 403.',
    wayOut:
      'Clients that read `message` have to read `detail`. Exception filters see the same exceptions of Nest.',
  },
  'status-401': {
    title: 'A missing or bad token is answered 401 with a challenge; 403 is for missing permissions',
    why: 'The adapter answered 403 "Access denied" to everything, so a client could not know that it has to sign in again.',
    wayOut:
      'Clients that take 403 as the sign to sign in again must look for 401. `accessDenied` can still be replaced.',
  },
  'login-bound': {
    title: 'A login comes back to the browser that began it',
    why: 'The adapter never checked `state`: a link with the code of somebody else signed the victim in as them.',
    wayOut: 'Nothing to do. A login that was under way at the moment of the switch has to be begun again.',
  },
  'logout-here': {
    title: 'Only pages of this application can sign somebody out',
    why: 'Any page could sign a visitor out with an image that has the logout address.',
    wayOut: 'Links and forms of the application itself go on working.',
  },
  'admin-messages': {
    title:
      'Messages of Keycloak are accepted only if they are for this client, in time, and at most 256 KiB long',
    why: 'The adapter read any length, and accepted messages that were meant for other clients or long expired.',
    wayOut: 'Nothing to do. Better: set the back-channel logout URL of the client.',
  },
  'cookie-flags': {
    title: 'The cookie store sets HttpOnly, SameSite and Secure',
    why: 'Scripts of a page could read the tokens.',
    wayOut: 'A page script that reads the cookie has to ask the application instead.',
  },
  'role-colons': {
    title: 'A role with a colon in its name is checked whole',
    why: '`realm:a:b` checked the role `a`.',
    wayOut: 'Look whether users who have only the first part relied on it.',
  },
  'granted-whole': {
    title: 'Every permission that is asked for has to be granted',
    why: 'Keycloak answers yes when it granted a part, and the adapter let the request in.',
    wayOut: 'Nothing to do, unless users relied on it.',
  },
  'asked-by-id': {
    title: 'Resources are asked for by id, not by name',
    why: 'Keycloak also takes a name for the caller’s own resource: a user who may register resources could choose what was decided on.',
    wayOut:
      'The client needs its secret in the settings, with "Service accounts roles" on: names are looked up with it. For another resource server (`resource_server_id`), give `resource_server_secret`.',
  },
  'class-and-handler': {
    title: 'The requirements of a controller and of its handler must both be met',
    why: 'The roles of the controller won over those of the handler.',
    wayOut: 'Take the roles off the controller where a handler is meant for others.',
  },
  'unknown-context': {
    title: 'WebSocket and RPC handlers are guarded',
    why: 'The guards admitted everything that was neither HTTP nor GraphQL.',
    wayOut: '`@Public()` opens a handler.',
  },
  'online-validation': {
    title: 'ONLINE asks Keycloak at most every 30 seconds about a token that is in use',
    why: 'The package asked on every request, and took every HTTP 200 for a yes.',
    wayOut: '`tokenCheck: "remote"` asks on every request.',
  },
  'options-without-secret': {
    title: 'The injected options do not contain the secret',
    why: '`KEYCLOAK_CONNECT_OPTIONS` held `secret` and `credentials`, so whatever printed the options printed the secret.',
    wayOut:
      'Code that reads the secret from the injected options must read it from where the settings come from.',
  },
  'pinned-key': {
    title: 'A key in the settings is not rotated',
    why: '`realm-public-key` makes Keycloak’s next key rotation an outage.',
    wayOut: 'Leave it out: keys are then fetched, rarely, and kept.',
  },
} as const satisfies Record<string, { title: string; why: string; wayOut: string }>;

export type DifferenceId = keyof typeof DIFFERENCES;
