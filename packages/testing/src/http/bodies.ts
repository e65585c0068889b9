import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Fault, invalidRequest, unexpected } from '../fault.ts';

const MAX_VALUE_BYTES = 131_072;

/** Fields of a form body. As in Keycloak, any other body is an empty form. */
type Form = URLSearchParams;

export function parseForms(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string' }, (request, body, done) => {
    const isForm = /^application\/x-www-form-urlencoded(;|$)/i.test(request.headers['content-type'] ?? '');
    if (!isForm) return done(null, undefined);
    const text = body as string;
    // Keycloak fails on a malformed escape; URLSearchParams would guess.
    if (/%(?![0-9a-f]{2})/i.test(text)) return done(unexpected());
    const form = new URLSearchParams(text);
    for (const value of form.values()) {
      if (Buffer.byteLength(value) > MAX_VALUE_BYTES)
        return done(new Fault(413, 'HTTP 413 Request Entity Too Large'));
    }
    done(null, form);
  });
}

export function formOf(request: FastifyRequest): Form {
  return request.body instanceof URLSearchParams ? request.body : new URLSearchParams();
}

export function queryOf(request: FastifyRequest): URLSearchParams {
  const at = request.url.indexOf('?');
  return new URLSearchParams(at === -1 ? '' : request.url.slice(at + 1));
}

/**
 * @param except a field that may come several times
 * @throws {Fault} 400
 */
export function refuseDuplicates(form: URLSearchParams, toFault = invalidRequest, except?: string): void {
  const names = [...form.keys()].filter((name) => name !== except);
  if (new Set(names).size !== names.length) throw toFault('duplicated parameter');
}

/** The value of a field, or `undefined` if it is missing. An empty value stays empty. */
export function field(form: URLSearchParams, name: string): string | undefined {
  return form.get(name) ?? undefined;
}

/** Makes a scope accept JSON bodies only, as texts. */
export function parseJsonTexts(scope: FastifyInstance): void {
  scope.removeContentTypeParser('*');
  scope.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) =>
    done(null, body),
  );
  scope.addContentTypeParser('*', (_request, _body, done) =>
    done(new Fault(415, 'The content-type header value did not match the value in @Consumes')),
  );
}

export const jsonTextOf = (request: FastifyRequest): string => String(request.body ?? '');

/** @throws {Fault} 400 in Keycloak's words */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw wrongShape('invalid_request');
  }
}

/** For JSON that is not what Keycloak expects. */
export const wrongShape = (error = 'unknown_error') => new Fault(400, error, 'Cannot parse the JSON');

/** Checks the value of a member, and gives it its type, as Jackson does in Keycloak. Never called with `null`. */
type Shape = (value: unknown) => unknown;
/** Every member that Keycloak knows. */
type Shapes = Readonly<Record<string, Shape>>;

/** @param names with spaces between them */
export const each = (names: string, shape: Shape): Shapes =>
  Object.fromEntries(names.split(/\s+/).map((name) => [name, shape]));

export const anything: Shape = (value) => value;
export const text: Shape = (value) => {
  if (typeof value === 'object') throw wrongShape();
  return String(value);
};
export const object: Shape = (value) => {
  if (typeof value !== 'object' || Array.isArray(value)) throw wrongShape();
  return value;
};
export const flag: Shape = (value) => {
  if (typeof value === 'number') return value !== 0;
  const word = text(value);
  if (/^(true|false|)$/.test(word as string)) return word === 'true';
  throw wrongShape();
};
export const listOf =
  (shape: Shape): Shape =>
  (value) => {
    if (!Array.isArray(value)) throw wrongShape();
    return value.map(shape);
  };
export const texts = listOf((one) => text(one ?? 'null'));
/** Lists of texts by their names; where there is none, nothing. An object among them is an empty text. */
export const textsByName: Shape = (value) => {
  const toText = (one: unknown) => (typeof one === 'object' && one !== null ? '' : String(one));
  return typeof value !== 'object'
    ? {}
    : Object.fromEntries(
        Object.entries(value as object).map(([name, one]) => [name, [one].flat().map(toText)]),
      );
};

/**
 * A representation, of which Keycloak refuses members that it does not know. What is `null` is left out.
 *
 * @throws {Fault} 400 in Keycloak's words
 */
export const readRepresentation = (text: string, name: string, shapes: Shapes) =>
  toRepresentation(parseJson(text), text, name, shapes);

/** @param text that the value is a part of */
export function toRepresentation(
  value: unknown,
  text: string,
  name: string,
  shapes: Shapes,
): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrongShape();
  const members = Object.entries(value);
  const unknown = members.find(([member]) => !Object.hasOwn(shapes, member))?.[0];
  if (unknown === undefined) {
    const set = members.filter(([, one]) => one !== null);
    return Object.fromEntries(set.map(([member, one]) => [member, (shapes[member] as Shape)(one)]));
  }
  const before = text.slice(0, text.indexOf(`"${unknown}"`) + unknown.length + 3).split('\n');
  const position = `at line ${before.length} column ${(before.at(-1) ?? '').length + 2}`;
  throw new Fault(
    400,
    `Invalid json representation for ${name}. Unrecognized field "${unknown}" ${position}.`,
  );
}
