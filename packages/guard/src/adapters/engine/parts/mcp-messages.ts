import { type Answer, toJsonAnswer } from '../../../core/internal.ts';
import { readFetchBody } from '../fetch.ts';
import type { NodeRequest } from '../node.ts';
import { readNodeBody } from './route-answer.ts';

/**
 * The scopes needed by the tools that a message, or a batch of messages, calls.
 *
 * @param body JSON-RPC, parsed, as a string or as bytes
 * @throws {MessageError} 400 if the body is not JSON, or if the MCP SDK could read another tool in it than this function does
 * @see Model Context Protocol, "Tools": `tools/call`
 */
export function neededScopes(body: unknown, tools: ReadonlyMap<string, readonly string[]>): string[] {
  const message = toMessage(body);
  const messages: unknown[] = Array.isArray(message) ? message : [message];
  return [...new Set(messages.flatMap((one) => tools.get(calledTool(one) ?? '') ?? []))];
}

const WITHOUT_MESSAGE: ReadonlySet<string | undefined> = new Set(['GET', 'HEAD', 'DELETE', 'OPTIONS']);

/**
 * Whether a request of this method may bring a message. Any but those that never do: Deno hands over methods as they were sent,
 * and version 2 of the SDK takes `post` for `POST`.
 */
export const mayBringMessage = (method: string | undefined): boolean => !WITHOUT_MESSAGE.has(method);

/** Members that a copy made by assignment turns into a prototype, which then lends its own members to the copy. */
const PROTOTYPE_NAMES = ['__proto__', 'constructor', 'prototype'];

/**
 * The tool that a message calls; `undefined` if it calls none.
 *
 * @throws {MessageError} 400, also for what is no message: a list in a list, which a server could flatten
 */
function calledTool(message: unknown): string | undefined {
  if (Object.getPrototypeOf(message ?? 0) !== Object.prototype)
    throw new MessageError(400, 'The body is not a message');
  const name = memberOf(memberOf(message, 'params'), 'name');
  if (memberOf(message, 'method') !== 'tools/call') return undefined;
  if (typeof name !== 'string') throw new MessageError(400, 'The message names no tool');
  return name;
}

/**
 * An own member of an object; `undefined` if there is none. `JSON.parse` makes `__proto__` an own member, and some versions of
 * zod assign it: the SDK would then read inherited members that are not seen here.
 *
 * @throws {MessageError} 400
 */
function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  if (PROTOTYPE_NAMES.some((one) => Object.hasOwn(value, one)))
    throw new MessageError(400, 'The message has a member that could be read in two ways');
  return Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined;
}

/** A body parser may leave a string or bytes. A body that cannot be read could call any tool, so it is refused. */
function toMessage(body: unknown): unknown {
  if (typeof body === 'string') return parseMessage(body);
  if (body instanceof Uint8Array) return parseMessage(new TextDecoder().decode(body));
  return body;
}

/** @throws {MessageError} 400 */
function parseMessage(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new MessageError(400, 'The body is not JSON');
  }
}

/** The SDK's transports accept no more either. Unit: bytes. */
const LONGEST = 4 * 1024 * 1024;

/** A message that cannot be read, or only in two ways. Fastify answers with `statusCode`. It quotes nothing of the message. */
class MessageError extends Error {
  override readonly name = 'MessageError';
  readonly statusCode: 400 | 413;

  constructor(statusCode: 400 | 413, message: string) {
    super(message);
    this.statusCode = statusCode;
  }
}

/** The answer to a message that cannot be read; `undefined` for any other error. */
export function answerUnreadable(error: unknown): Answer | undefined {
  return error instanceof MessageError
    ? toJsonAnswer(error.statusCode, {}, { detail: error.message })
    : undefined;
}

/**
 * The message of a request of Node's, from a body parser or read here. It stays in `request.body`, because a stream is read once.
 *
 * @throws {MessageError} rejects with 413 for a body over 4 MiB, with 400 if it is not JSON
 * @throws {Error} rejects if something read the body and did not leave it in `request.body`: a fault of the application
 */
export async function readMessage(request: NodeRequest & { body?: unknown }): Promise<unknown> {
  // A body parser leaves the stream unread if the content type is not its own; some set `request.body` to {} all the same.
  if (!request.readableEnded) {
    const text = await readNodeBody(request, LONGEST);
    if (text === null) throw new MessageError(413, 'Content Too Large');
    request.body = parseMessage(text);
  }
  if (request.body === undefined) throw new Error('The body was read, and is not in request.body');
  return request.body;
}

/**
 * The message of a request of the Fetch standard: of a copy, because the SDK's transport reads the request itself.
 *
 * @throws {MessageError} rejects with 413 for a body over 4 MiB
 */
export async function copyMessage(request: Request): Promise<string> {
  const text = await readFetchBody(request.clone(), LONGEST);
  if (text === null) throw new MessageError(413, 'Content Too Large');
  return text;
}

/** @param type the header `Content-Type` */
export function isEventStream(type: string | null | undefined): boolean {
  return /^text\/event-stream\b/i.test(type ?? '');
}
