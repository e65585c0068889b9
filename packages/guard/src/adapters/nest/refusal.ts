import { STATUS_CODES } from 'node:http';
import {
  BadRequestException,
  ForbiddenException,
  HttpException,
  InternalServerErrorException,
  NotFoundException,
  ServiceUnavailableException,
  UnauthorizedException,
} from '@nestjs/common';
import type { Answer } from '../../core/internal.ts';
import type { Kind } from './call.ts';

/** Nest's own exception classes, so that filters for them apply. */
const EXCEPTIONS: Readonly<Record<number, new (body: object, options: { cause: unknown }) => HttpException>> =
  {
    400: BadRequestException,
    401: UnauthorizedException,
    403: ForbiddenException,
    404: NotFoundException,
    500: InternalServerErrorException,
    503: ServiceUnavailableException,
  };

/** Apollo's names for these statuses. */
const CODES: Readonly<Record<number, string>> = {
  400: 'BAD_REQUEST',
  401: 'UNAUTHENTICATED',
  403: 'FORBIDDEN',
  404: 'NOT_FOUND',
  500: 'INTERNAL_SERVER_ERROR',
  503: 'SERVICE_UNAVAILABLE',
};

/**
 * The exception for a kind of context.
 *
 * @param cause the `AuthError`, for filters and logs
 */
export async function toException(kind: Kind | undefined, answer: Answer, cause: unknown): Promise<Error> {
  const body = bodyOf(answer);
  if (kind !== 'ws' && kind !== 'rpc') return toHttpException(kind, answer, cause);
  const error = { status: 'error', code: CODES[answer.status], ...body };
  // An app that has such a context has loaded the package already.
  if (kind === 'ws') {
    const { WsException } = await import('@nestjs/websockets');
    return Object.assign(new WsException(error), { cause });
  }
  const { RpcException } = await import('@nestjs/microservices');
  return Object.assign(new RpcException(error), { cause });
}

/** GraphQL servers pass an error's `extensions` on to the client. */
export function toHttpException(kind: Kind | undefined, answer: Answer, cause: unknown): HttpException {
  const { status } = answer;
  const Exception = EXCEPTIONS[status];
  const body = bodyOf(answer);
  const exception =
    Exception === undefined ? new HttpException(body, status, { cause }) : new Exception(body, { cause });
  // Nest makes one of the name of the class, such as "Unauthorized Exception".
  exception.message = STATUS_CODES[status] ?? exception.message;
  return kind === 'graphql' ? Object.assign(exception, { extensions: { code: CODES[status] } }) : exception;
}

function bodyOf({ body }: Answer): { detail?: string } {
  return body === undefined ? {} : (JSON.parse(body) as { detail: string });
}
