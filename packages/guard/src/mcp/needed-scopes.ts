/**
 * The scopes that the tools need which a message calls, or the messages of a batch.
 *
 * @param body JSON-RPC, as it was parsed, or as text
 * @throws {MessageError} for what is neither
 * @see Model Context Protocol, "Tools": `tools/call`
 */
export function neededScopes(body: unknown, tools: ReadonlyMap<string, readonly string[]>): string[] {
  const message = toMessage(body);
  const messages: unknown[] = Array.isArray(message) ? message : [message];
  return [...new Set(messages.flatMap((one) => tools.get(calledTool(one) ?? '') ?? []))];
}

function calledTool(message: unknown): string | undefined {
  const { method, params } = (message ?? {}) as { method?: unknown; params?: { name?: unknown } | null };
  const name = method === 'tools/call' ? params?.name : undefined;
  return typeof name === 'string' ? name : undefined;
}

/** What a parser in front left alone is text or bytes. What cannot be looked at may call any tool, and goes no further. */
function toMessage(body: unknown): unknown {
  if (typeof body === 'string') return parseMessage(body);
  if (body instanceof Uint8Array) return parseMessage(new TextDecoder().decode(body));
  const isPlain = Array.isArray(body) || Object.getPrototypeOf(body ?? 0) === Object.prototype;
  if (!isPlain) throw new MessageError(400, 'The body is not JSON');
  return body;
}

/** @throws {MessageError} 400 */
export function parseMessage(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new MessageError(400, 'The body is not JSON');
  }
}

/** As much as the transports of the SDK take. Unit: bytes. */
export const LONGEST = 4 * 1024 * 1024;

/** A message that cannot be looked at; `status` is what frameworks answer for it. Nothing of the message is in it. */
export class MessageError extends Error {
  override readonly name = 'MessageError';
  readonly expose = true;
  readonly status: number;
  readonly statusCode: number;

  constructor(status: 400 | 413 | 500, message: string) {
    super(message);
    this.status = status;
    this.statusCode = status;
  }
}
