import { type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type {
  FastifyError,
  FastifyInstance,
  FastifyReply,
  FastifyRequest,
  FastifySchemaValidationError,
} from 'fastify';
import { AuthError } from 'keycloak-guard';
import { ClientError, type ClientErrorKind } from 'keycloak-guard/client';
import { toLoggedError } from '../log/logger.ts';
import type { ValidationError } from '../models.ts';
import type { SendUnknown } from './not-found.ts';
import { setHeadersOf } from './security-headers.ts';

type Problem = Pick<ValidationError, 'type' | 'msg'>;

/** Validation errors in the form that clients of the guide's API know. Never holds input. */
const PROBLEMS: Readonly<Record<string, (params: Record<string, unknown>) => Problem>> = {
  required: () => ({ type: 'missing', msg: 'Field required' }),
  minLength: () => ({ type: 'missing', msg: 'Field required' }),
  type: ({ type }) => ({
    type: `${type}_type`,
    msg: type === 'object' ? 'Input should be an object' : `Input should be a valid ${type}`,
  }),
  maxLength: ({ limit }) => ({
    type: 'string_too_long',
    msg: `String should have at most ${limit} characters`,
  }),
  pattern: () => ({ type: 'string_pattern_mismatch', msg: 'String should not have control characters' }),
  'x-well-formed': () => ({ type: 'string_unicode', msg: 'String should be valid Unicode' }),
};

/** One entry per field, in the order of the schema's checks. */
function toValidationErrors(
  errors: readonly FastifySchemaValidationError[],
  context = 'body',
): ValidationError[] {
  const byPath = new Map<string, ValidationError>();
  for (const { keyword, params, instancePath } of errors) {
    const path = instancePath.split('/').slice(1);
    if (keyword === 'required') path.push(String(params.missingProperty));
    const key = path.join('/');
    if (byPath.has(key)) continue;
    const problem = PROBLEMS[keyword]?.(params) ?? { type: 'value_error', msg: 'Value is not valid' };
    byPath.set(key, { type: problem.type, loc: [context, ...path], msg: problem.msg, input: null });
  }
  return [...byPath.values()];
}

interface LoginAnswer {
  readonly status: number;
  readonly detail: string;
}

/** The answers to failed logins. `account_disabled` looks like a wrong password: it would confirm the password. */
const LOGIN_ANSWERS: Readonly<Record<ClientErrorKind, LoginAnswer>> = {
  invalid_credentials: { status: 401, detail: 'Invalid username or password' },
  account_disabled: { status: 401, detail: 'Invalid username or password' },
  account_not_ready: { status: 403, detail: 'Account is not fully set up' },
  client_misconfigured: { status: 500, detail: 'Login is not available' },
  provider_unavailable: { status: 503, detail: 'Identity provider unavailable' },
};

const RETRY_AFTER_SECONDS = 5;

/** Public texts for mistakes in the request; those of other statuses are their names. */
const REQUEST_ERRORS: Readonly<Record<number, string>> = {
  400: 'There was an error parsing the body',
  408: 'Request Timeout',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  431: 'Request Header Fields Too Large',
};

/** Turns errors into answers, here alone. Nothing of `secrets` reaches the log. */
export function handleErrors(
  app: FastifyInstance,
  secrets: () => readonly string[],
  sendUnknown: SendUnknown,
): void {
  app.setErrorHandler((error: FastifyError, request, reply) => {
    // For those who ask about an error; on good answers it would only cost throughput.
    reply.header('x-request-id', request.id);
    if (error instanceof AuthError) return sendAuthError(error, request, reply);
    if (error instanceof ClientError) return sendClientError(error, request, reply);
    // Caches may keep a file, but not an error.
    setHeadersOf(reply);
    if (error.validation) {
      return reply.code(422).send({ detail: toValidationErrors(error.validation, error.validationContext) });
    }
    const { statusCode = 500 } = error;
    if (statusCode >= 400 && statusCode < 500) {
      // No route matches, so the body does not matter.
      if (request.is404) return sendUnknown(request, reply);
      request.log.info({ reqId: request.id, code: error.code }, 'request not understood');
      const detail = REQUEST_ERRORS[statusCode] ?? STATUS_CODES[statusCode] ?? 'Bad Request';
      return reply.code(statusCode).send({ detail });
    }
    const hidden = [...secrets(), ...secretsOf(request)];
    request.log.error({ reqId: request.id, error: toLoggedError(error, hidden) }, 'request failed');
    return reply.code(500).send({ detail: 'Internal Server Error' });
  });
}

function sendAuthError(error: AuthError, request: FastifyRequest, reply: FastifyReply) {
  const { code, reason, expected, seen, statusCode, headers, detail } = error;
  const fields = { reqId: request.id, code, expected, seen };
  if (statusCode === 500) request.log.error(fields, reason);
  else if (statusCode === 503) request.log.warn(fields, reason);
  else request.log.debug(fields, reason);
  return reply.code(statusCode).headers(headers).send({ detail });
}

function sendClientError(error: ClientError, request: FastifyRequest, reply: FastifyReply) {
  const { id, cause, fix } = error.diagnosis;
  // The client is gone; the audit log has the event.
  if (id === 'caller-gone') return reply.hijack();
  const { status, detail } = LOGIN_ANSWERS[error.kind];
  const fields = { reqId: request.id, id, fix };
  if (status === 500) request.log.error(fields, `login is not available: ${cause}`);
  else if (status === 503) request.log.warn(fields, `identity provider unavailable: ${cause}`);
  else request.log.info(fields, `login refused: ${cause}`);
  if (status === 503) reply.header('retry-after', String(RETRY_AFTER_SECONDS));
  return reply.code(status).send({ detail });
}

/** Secrets of this request: the log must not show them. */
function secretsOf(request: FastifyRequest): string[] {
  const body = request.body as { password?: unknown; refresh_token?: unknown } | null | undefined;
  const token = request.headers.authorization?.replace(/^\S+\s+/, '');
  return [token, body?.password, body?.refresh_token].filter((value) => typeof value === 'string');
}

/** URLs that cannot be decoded and the like, found before any route is. */
export function sendFrameworkError(error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  // No hook has run.
  setHeadersOf(reply).header('x-request-id', request.id);
  const isOurs = error.statusCode === undefined || error.statusCode >= 500;
  reply.code(isOurs ? 500 : 400).send({ detail: isOurs ? 'Internal Server Error' : 'Bad Request' });
}

/** `Expect` with something else than `100-continue` (RFC 9110 §10.1.1): Node's answer has no body. */
export function answerExpectations({ server }: FastifyInstance): void {
  server.on('checkExpectation', (_request, response: ServerResponse) => {
    response.statusCode = 417;
    response.setHeader('content-type', 'application/json; charset=utf-8');
    response.setHeader('cache-control', 'no-store');
    response.end('{"detail":"Expectation Failed"}');
  });
}

const ANSWERS: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: '413 Content Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
};

/** Answers malformed HTTP. Node hands over the socket, so the answer is written by hand. */
export function onClientError(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const status = ANSWERS[error.code ?? ''] ?? '400 Bad Request';
  const body = JSON.stringify({ detail: status.slice(4) });
  socket.end(
    `HTTP/1.1 ${status}\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
  );
}
