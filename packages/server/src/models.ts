/** JSON Schema of one member. */
export type Schema = Readonly<Record<string, unknown>>;

type OptionalOf<T> = { [K in keyof T]-?: undefined extends T[K] ? K : never }[keyof T];

/** A model for the type of the same name: no member may be forgotten, and none that may be absent may be required. */
interface Model<T> extends Schema {
  readonly $id: string;
  readonly properties: { readonly [K in keyof Required<T>]: Schema };
  readonly required?: readonly Exclude<keyof T, OptionalOf<T>>[];
}

const toModel = <T>($id: string, members: Pick<Model<T>, 'required' | 'properties'>): Model<T> => ({
  ...{ $id, title: $id, type: 'object' },
  ...members,
});

/** The model with this `$id`. */
export const refTo = ($id: string): Schema => ({ $ref: $id });

const TEXT = { type: 'string' } as const;

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
export interface TokenRequest {
  username: string;
  password: string;
}
export const TokenRequest = toModel<TokenRequest>('TokenRequest', {
  required: ['username', 'password'],
  properties: {
    username: {
      ...TEXT,
      minLength: 1,
      maxLength: 255,
      pattern: USERNAME,
      [WELL_FORMED]: true,
      title: 'Username',
    },
    password: {
      ...TEXT,
      minLength: 1,
      maxLength: 4096,
      pattern: PASSWORD,
      [WELL_FORMED]: true,
      format: 'password',
      title: 'Password',
    },
  },
});

/** Answer of `POST /login`. */
export interface TokenResponse {
  access_token: string;
  token_type: string;
  expires_in?: number;
  refresh_token?: string;
  refresh_expires_in?: number;
}
export const TokenResponse = toModel<TokenResponse>('TokenResponse', {
  required: ['access_token', 'token_type'],
  properties: {
    access_token: { ...TEXT, description: 'Send it as `Authorization: Bearer <access_token>`' },
    token_type: { ...TEXT, description: 'Always `bearer`' },
    expires_in: { type: 'integer', description: 'Seconds until the access token expires' },
    refresh_token: TEXT,
    refresh_expires_in: { type: 'integer', description: 'Seconds until the refresh token expires' },
  },
});

const REFRESH_TOKEN = {
  ...TEXT,
  minLength: 1,
  maxLength: 12_288,
  pattern: '^[\\x21-\\x7e]*$',
  title: 'Refresh Token',
};

/** Body of `POST /refresh`. */
export interface RefreshRequest {
  refresh_token: string;
}
export const RefreshRequest = toModel<RefreshRequest>('RefreshRequest', {
  required: ['refresh_token'],
  properties: { refresh_token: REFRESH_TOKEN },
});

/** Body of `POST /logout`. Without a refresh token, the session of the bearer token is meant. */
export interface LogoutRequest {
  refresh_token?: string;
}
export const LogoutRequest = toModel<LogoutRequest>('LogoutRequest', {
  properties: { refresh_token: REFRESH_TOKEN },
});

/** Written as one type with two names, for which the serializer needs no trial of alternatives. */
const NULLABLE_TEXT = { type: ['string', 'null'] };

/** Answer of `GET /protected`. `null` where Keycloak has none. */
export interface UserInfo {
  preferred_username: string | null;
  email: string | null;
  full_name: string | null;
}
export const UserInfo = toModel<UserInfo>('UserInfo', {
  required: ['preferred_username', 'email', 'full_name'],
  properties: { preferred_username: NULLABLE_TEXT, email: NULLABLE_TEXT, full_name: NULLABLE_TEXT },
});

/** Answer of `GET /`. */
export interface Welcome {
  message: string;
  documentation: string;
}
export const Welcome = toModel<Welcome>('Welcome', {
  required: ['message', 'documentation'],
  properties: { message: TEXT, documentation: TEXT },
});

/** Every error except 422. */
export interface HTTPError {
  detail: string;
}
export const HTTPError = toModel<HTTPError>('HTTPError', {
  required: ['detail'],
  properties: { detail: TEXT },
});

/** One entry of a 422. `input` is always `null`: nothing that was sent is repeated. */
export interface ValidationError {
  type: string;
  loc: (string | number)[];
  msg: string;
  input: null;
}
export const ValidationError = toModel<ValidationError>('ValidationError', {
  required: ['type', 'loc', 'msg', 'input'],
  properties: {
    type: TEXT,
    loc: { type: 'array', items: { anyOf: [TEXT, { type: 'integer' }] } },
    msg: TEXT,
    input: { type: 'null' },
  },
});

/** 422: the request is understood, but a field is missing or wrong. */
export const HTTPValidationError = toModel<{ detail: ValidationError[] }>('HTTPValidationError', {
  required: ['detail'],
  properties: { detail: { type: 'array', items: refTo('ValidationError') } },
});

/** Answer of `GET /health/live`. */
export const Live = toModel<{ status: 'alive' }>('Live', {
  required: ['status'],
  properties: { status: { ...TEXT, const: 'alive' } },
});

const CHECK = {
  type: 'object',
  required: ['ok', 'detail'],
  properties: { ok: { type: 'boolean' }, detail: TEXT },
};

/** `credential` while a file of it cannot be used, `client` once the service has started, `redis` only where replicas share one. */
const CHECKS = {
  type: 'object',
  required: ['keys', 'keycloak'],
  properties: { keys: CHECK, keycloak: CHECK, credential: CHECK, client: CHECK, redis: CHECK },
};

/** Answer of `GET /health/ready`. */
export const Ready = toModel<{ status: 'ready'; checks: object }>('Ready', {
  required: ['status', 'checks'],
  properties: { status: { ...TEXT, const: 'ready' }, checks: CHECKS },
});

/** 503 of `GET /health/ready`. */
export const NotReady = toModel<{ detail: string; status: string; checks: object }>('NotReady', {
  required: ['detail', 'status', 'checks'],
  properties: {
    detail: { ...TEXT, const: 'Not ready' },
    status: { ...TEXT, const: 'not ready' },
    checks: CHECKS,
  },
});

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
