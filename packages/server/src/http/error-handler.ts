import { STATUS_CODES } from 'node:http';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { AuthError } from 'keycloak-guard';
import { ClientError, type ClientErrorKind } from 'keycloak-guard/client';
import { toLoggedError } from '../log/logger.ts';
import type { SendUnknown } from './not-found.ts';
import { setHeadersOf } from './security-headers.ts';
import { toValidationErrors } from './validation-errors.ts';

interface Answer {
  readonly status: number;
  readonly detail: string;
}

/** Whose fault a failed login is. `account_disabled` looks like a wrong password: it would confirm the password. */
const LOGIN_ANSWERS: Readonly<Record<ClientErrorKind, Answer>> = {
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

/** The only place where errors become answers. What `secretsHeld` names never reaches the log. */
export function handleErrors(
  app: FastifyInstance,
  secretsHeld: () => readonly string[],
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
    const hidden = [...secretsHeld(), ...secretsOf(request)];
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
  else request.log.info({ reqId: request.id, id }, `login refused: ${cause}`);
  if (status === 503) reply.header('retry-after', String(RETRY_AFTER_SECONDS));
  return reply.code(status).send({ detail });
}

/** What this request brought along and the log must not show. */
function secretsOf(request: FastifyRequest): string[] {
  const body = request.body as { password?: unknown; refresh_token?: unknown } | null | undefined;
  const token = request.headers.authorization?.replace(/^\S+\s+/, '');
  return [token, body?.password, body?.refresh_token].filter((value) => typeof value === 'string');
}
