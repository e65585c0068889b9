import { type Static, Type } from '@sinclair/typebox';

/**
 * For Ajv: texts with `[WELL_FORMED]: true` have no half of a surrogate pair. Not a part of the patterns, for only
 * JavaScript can read such a pattern, and clients read them in the OpenAPI document.
 */
const WELL_FORMED = 'x-well-formed';
export const MODEL_KEYWORDS = [
  {
    keyword: WELL_FORMED,
    type: 'string',
    schemaType: 'boolean',
    errors: false,
    validate: (isOn: boolean, text: string) => !isOn || !/\p{Surrogate}/u.test(text),
  },
] as const;

/** Refused in a user name: control characters. */
const USERNAME = '^[^\\u0000-\\u001f\\u007f]*$';
const PASSWORD = '^[^\\u0000]*$';

/** Body of `POST /login`. */
export const TokenRequest = Type.Object(
  {
    username: Type.String({
      minLength: 1,
      maxLength: 255,
      pattern: USERNAME,
      [WELL_FORMED]: true,
      title: 'Username',
    }),
    password: Type.String({
      minLength: 1,
      maxLength: 4096,
      pattern: PASSWORD,
      [WELL_FORMED]: true,
      format: 'password',
      title: 'Password',
    }),
  },
  { $id: 'TokenRequest', title: 'TokenRequest' },
);
export type TokenRequest = Static<typeof TokenRequest>;

/** Answer of `POST /login`. */
export const TokenResponse = Type.Object(
  {
    access_token: Type.String({ description: 'Send it as `Authorization: Bearer <access_token>`' }),
    token_type: Type.String({ description: 'Always `bearer`' }),
    expires_in: Type.Optional(Type.Integer({ description: 'Seconds until the access token expires' })),
    refresh_token: Type.Optional(Type.String()),
    refresh_expires_in: Type.Optional(
      Type.Integer({ description: 'Seconds until the refresh token expires' }),
    ),
  },
  { $id: 'TokenResponse', title: 'TokenResponse' },
);
export type TokenResponse = Static<typeof TokenResponse>;

const RefreshToken = Type.String({
  minLength: 1,
  maxLength: 12_288,
  pattern: '^[\\x21-\\x7e]*$',
  title: 'Refresh Token',
});

/** Body of `POST /refresh`. */
export const RefreshRequest = Type.Object(
  { refresh_token: RefreshToken },
  { $id: 'RefreshRequest', title: 'RefreshRequest' },
);
export type RefreshRequest = Static<typeof RefreshRequest>;

/** Body of `POST /logout`. Without a refresh token, the session of the bearer token is meant. */
export const LogoutRequest = Type.Object(
  { refresh_token: Type.Optional(RefreshToken) },
  { $id: 'LogoutRequest', title: 'LogoutRequest' },
);
export type LogoutRequest = Static<typeof LogoutRequest>;

/** Written as one type with two names, for which the serializer needs no trial of alternatives. */
const nullableText = () => Type.Unsafe<string | null>({ type: ['string', 'null'] });

/** Answer of `GET /protected`. `null` where Keycloak has none. */
export const UserInfo = Type.Object(
  { preferred_username: nullableText(), email: nullableText(), full_name: nullableText() },
  { $id: 'UserInfo', title: 'UserInfo' },
);
export type UserInfo = Static<typeof UserInfo>;

/** Answer of `GET /`. */
export const Welcome = Type.Object(
  { message: Type.String(), documentation: Type.String() },
  { $id: 'Welcome', title: 'Welcome' },
);
export type Welcome = Static<typeof Welcome>;

/** Every error but 422. */
export const HTTPError = Type.Object({ detail: Type.String() }, { $id: 'HTTPError', title: 'HTTPError' });
export type HTTPError = Static<typeof HTTPError>;

/** One entry of a 422. `input` is always `null`: nothing that was sent is repeated. */
export const ValidationError = Type.Object(
  {
    type: Type.String(),
    loc: Type.Array(Type.Union([Type.String(), Type.Integer()])),
    msg: Type.String(),
    input: Type.Null(),
  },
  { $id: 'ValidationError', title: 'ValidationError' },
);
export type ValidationError = Static<typeof ValidationError>;

/** 422: the request is understood, but a field is missing or wrong. */
export const HTTPValidationError = Type.Object(
  { detail: Type.Array(Type.Ref('ValidationError')) },
  { $id: 'HTTPValidationError', title: 'HTTPValidationError' },
);

/** Answer of `GET /health/live`. */
export const Live = Type.Object({ status: Type.Literal('alive') }, { $id: 'Live', title: 'Live' });

const Check = Type.Object({ ok: Type.Boolean(), detail: Type.String() });

/** `client` once the service has started, `redis` only where replicas share one. */
const Checks = Type.Object({
  keys: Check,
  keycloak: Check,
  client: Type.Optional(Check),
  redis: Type.Optional(Check),
});

/** Answer of `GET /health/ready`. */
export const Ready = Type.Object(
  { status: Type.Literal('ready'), checks: Checks },
  { $id: 'Ready', title: 'Ready' },
);

/** 503 of `GET /health/ready`. */
export const NotReady = Type.Object(
  {
    detail: Type.Literal('Not ready'),
    status: Type.Literal('not ready'),
    checks: Checks,
  },
  { $id: 'NotReady', title: 'NotReady' },
);

/** All models, in the order in which OpenAPI lists them. */
export const MODELS = [
  TokenRequest,
  TokenResponse,
  RefreshRequest,
  LogoutRequest,
  UserInfo,
  Welcome,
  HTTPError,
  ValidationError,
  HTTPValidationError,
  Live,
  Ready,
  NotReady,
];
