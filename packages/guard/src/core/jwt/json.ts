/**
 * Reads a string as a JSON object; `undefined` if it is not one. Without a prototype: what a library puts on `Object.prototype` is
 * no claim and no answer.
 */
export function toJsonObject(body: string): Record<string, unknown> | undefined {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    // Not JSON, so not an object.
  }
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.setPrototypeOf(value, null)
    : undefined;
}
