import { STATUS_CODES } from 'node:http';
import {
  type ArgumentsHost,
  BadRequestException,
  Catch,
  type ExceptionFilter,
  type ExecutionContext,
  ForbiddenException,
  HttpException,
  InternalServerErrorException,
  NotFoundException,
  ServiceUnavailableException,
  UnauthorizedException,
} from '@nestjs/common';
import type { HttpAdapterHost } from '@nestjs/core';
import { isAuthError, type Principal } from '../../core/index.ts';
import {
  type Answer,
  FAULT,
  type Log,
  type RequestGuard,
  settle,
  toRefusalAnswer,
} from '../../core/internal.ts';
import { type Decide, type Engine, isHtml } from '../engine/internal.ts';
import { type Call, type Kind, kindOf } from './call.ts';
import { UnknownContextError } from './to-call.ts';

// Shared by the guards of `nest` and `nest-connect`, whose requirements come from different decorators.

/** The requirements of a handler. */
export interface Check {
  readonly guard: Pick<RequestGuard<Call, Call>, 'decide'>;
  readonly permit?: Decide<Call> | undefined;
}

/**
 * Decides on a call of a handler.
 *
 * @param admit called with the caller once everything is granted; `null` if an optional guard found no token
 * @throws one of Nest's exceptions, or rejects with one, if the call is refused
 */
export function decide(
  engine: Pick<Engine<Call, Call, never>, 'refusalOf'>,
  { guard, permit }: Check,
  context: ExecutionContext,
  call: Call,
  admit: (principal: Principal | null) => void = () => {},
): true | Promise<true> {
  const refuseThis = (error: unknown) => refuse(engine, error, context, call);
  const take = (principal: Principal | null): true => {
    admit(principal);
    return true;
  };
  return settle<Principal | null, true>(
    () => guard.decide(call, call),
    (principal) =>
      permit === undefined
        ? take(principal)
        : settle<void, true>(
            () => permit(call, principal, context),
            () => take(principal),
            refuseThis,
          ),
    refuseThis,
  );
}

/** Refuses with the exception that fits the kind of context: thrown, or as a rejection. */
export function refuse(
  engine: Pick<Engine<Call, Call, never>, 'refusalOf'>,
  error: unknown,
  context: ExecutionContext,
  call: Call,
): Promise<never> {
  const answer = error instanceof AnswerError ? error.answer : engine.refusalOf(error, call);
  if (answer === undefined) throw error;
  const kind = kindOf(context);
  const isPage = isAuthError(error) && isHtml(answer);
  const plain = isPage ? toRefusalAnswer(error) : answer;
  if (kind === 'ws' || kind === 'rpc') return toException(kind, plain, error).then(rethrow);
  const { 'content-type': _, ...headers } = plain.headers;
  call.addToAnswer({ headers: kind === 'http' ? headers : {}, setCookies: answer.setCookies });
  const exception = toHttpException(kind, plain, error);
  if (isPage && kind === 'http') pages.set(exception, answer);
  throw exception;
}

/** Refuses a call whose token cannot be located. The log gives the reason. */
export function refuseUnknown(
  error: unknown,
  context: ExecutionContext,
  log: Pick<Log, 'error'>,
): Promise<never> {
  if (!(error instanceof UnknownContextError)) throw error;
  log.error({}, `${error.message}. The call is refused`);
  return toException(kindOf(context), FAULT, error).then(rethrow);
}

function rethrow(exception: Error): never {
  throw exception;
}

/** A guard has the answer to a request: no handler shall run. */
export class AnswerError extends Error {
  override readonly name = 'AnswerError';
  readonly answer: Answer;

  constructor(answer: Answer) {
    super('The guard answers the request');
    this.answer = answer;
  }
}

type ExceptionClass = new (body: object, options: { cause: unknown }) => HttpException;

/** By status: Nest's own exception class, so that filters for it apply, and Apollo's name. */
const KINDS: Readonly<Record<number, readonly [ExceptionClass, string]>> = {
  400: [BadRequestException, 'BAD_REQUEST'],
  401: [UnauthorizedException, 'UNAUTHENTICATED'],
  403: [ForbiddenException, 'FORBIDDEN'],
  404: [NotFoundException, 'NOT_FOUND'],
  500: [InternalServerErrorException, 'INTERNAL_SERVER_ERROR'],
  503: [ServiceUnavailableException, 'SERVICE_UNAVAILABLE'],
};

/**
 * The exception for a kind of context.
 *
 * @param cause the `AuthError`, for filters and logs
 */
async function toException(kind: Kind | undefined, answer: Answer, cause: unknown): Promise<Error> {
  const body = bodyOf(answer);
  if (kind !== 'ws' && kind !== 'rpc') return toHttpException(kind, answer, cause);
  const error = { status: 'error', code: KINDS[answer.status]?.[1], ...body };
  // An app that has such a context has loaded the package already.
  if (kind === 'ws') {
    const { WsException } = await import('@nestjs/websockets');
    return Object.assign(new WsException(error), { cause });
  }
  const { RpcException } = await import('@nestjs/microservices');
  return Object.assign(new RpcException(error), { cause });
}

/** The pages of exceptions that refuse a person. A filter of the application finds in them what a program would get. */
const pages = new WeakMap<object, Answer>();

/** Sends the page where no filter of the application answers. */
export class PageFilter implements ExceptionFilter<HttpException> {
  readonly #host: HttpAdapterHost;

  constructor(host: HttpAdapterHost) {
    this.#host = host;
  }

  catch(exception: HttpException, context: ArgumentsHost): void {
    const { status, headers, body } = pages.get(exception) as Answer;
    const { httpAdapter } = this.#host;
    const response = context.switchToHttp().getResponse();
    for (const [name, value] of Object.entries(headers)) httpAdapter.setHeader(response, name, value);
    httpAdapter.reply(response, body, status);
  }
}
// Done by hand what `@Catch()` does. Nest asks `instanceof` whether a filter is for an exception.
Catch({ [Symbol.hasInstance]: (one: object) => pages.has(one) } as never)(PageFilter);

/** GraphQL servers pass an error's `extensions` on to the client. */
function toHttpException(kind: Kind | undefined, answer: Answer, cause: unknown): HttpException {
  const { status } = answer;
  const [Exception, code] = KINDS[status] ?? [];
  const body = bodyOf(answer);
  const exception =
    Exception === undefined ? new HttpException(body, status, { cause }) : new Exception(body, { cause });
  // Nest makes one of the name of the class, such as "Unauthorized Exception".
  exception.message = STATUS_CODES[status] ?? exception.message;
  return kind === 'graphql' ? Object.assign(exception, { extensions: { code } }) : exception;
}

function bodyOf({ body }: Answer): { detail?: string } {
  return body === undefined ? {} : (JSON.parse(body) as { detail: string });
}
