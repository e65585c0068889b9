import type { IncomingMessage, ServerResponse } from 'node:http';
import { isAuthError, type Principal } from '../../core/index.ts';
import type { Answer } from '../../core/internal.ts';
import { answerNode } from '../engine/internal.ts';

/** The part of a context of Koa that is needed. */
export interface KoaContext {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly request: object;
  readonly method: string;
  readonly path: string;
  readonly originalUrl: string;
  readonly protocol: string;
  readonly host: string;
  readonly app: { emit(event: 'error', error: unknown, context: unknown): boolean };
  readonly state: { principal?: Principal };
  status: number;
  body: unknown;
  set(name: string, value: string | string[]): void;
  append(name: string, value: string | string[]): void;
  onerror(error: Error): void;
}

/** Middleware for Koa. */
export type KoaMiddleware = (context: KoaContext, next: () => Promise<unknown>) => Promise<void>;

/** The result of a body parser. */
export function bodyOf({ request }: KoaContext): unknown {
  return (request as { readonly body?: unknown }).body;
}

/** Sends an answer as an application would: middleware in front sees it. */
export function sendAnswer(context: KoaContext, answer: Answer): void {
  context.status = answer.status;
  // A body that is set brings a type, so the headers come after it.
  context.body = answer.body ?? null;
  context.status = answer.status;
  for (const [name, value] of Object.entries(answer.headers)) {
    // HTTP/2 has none (RFC 9113 §8.2.2).
    if (name !== 'connection' || context.req.httpVersionMajor < 2) context.set(name, value);
  }
  for (const cookie of answer.setCookies) context.append('set-cookie', cookie);
}

/**
 * Throws a refusal as Koa throws its own errors. Middleware in front may catch it. If none does, the answer is JSON
 * with the headers that were set before, instead of the text that Koa would send.
 */
export function throwRefusal(
  context: KoaContext,
  error: unknown,
  refusalOf: (error: unknown, context: KoaContext) => Answer | undefined,
): never {
  if (!isAuthError(error)) throw error;
  // Middleware reads these two: the message of a refusal is public for every status.
  Object.assign(error, { status: error.statusCode, expose: true });
  const { onerror } = context;
  context.onerror = (thrown) => {
    const answer = thrown === error ? refusalOf(thrown, context) : undefined;
    if (answer === undefined) {
      onerror.call(context, thrown);
      return;
    }
    context.app.emit('error', thrown, context);
    answerNode(context.res, answer);
  };
  throw error;
}
