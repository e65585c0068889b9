import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Fault } from '../fault.ts';

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

/**
 * A representation, of which Keycloak refuses members that it does not know.
 *
 * @param error of JSON that is no object
 * @throws {Fault} 400 in Keycloak's words
 */
export function readRepresentation(text: string, name: string, members: ReadonlySet<string>, error?: string) {
  const value = parseJson(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrongShape(error);
  const unknown = Object.keys(value).find((member) => !members.has(member));
  if (unknown === undefined) return value as Record<string, unknown>;
  const before = text.slice(0, text.indexOf(`"${unknown}"`) + unknown.length + 3).split('\n');
  const place = `at line ${before.length} column ${(before.at(-1) ?? '').length + 2}`;
  throw new Fault(400, `Invalid json representation for ${name}. Unrecognized field "${unknown}" ${place}.`);
}
