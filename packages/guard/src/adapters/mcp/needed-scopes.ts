/**
 * The scopes needed by the tools that a message, or a batch of messages, calls.
 *
 * @param body JSON-RPC, parsed or as text
 * @throws {MessageError} 400 for anything else
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

/** Accepts text and bytes from a body parser, too. A body that cannot be read could call any tool, so it is refused. */
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

/** The SDK's transports accept no more either. Unit: bytes. */
export const LONGEST = 4 * 1024 * 1024;

/** A message that cannot be read. Frameworks answer with `status`. The text quotes nothing of the message. */
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
