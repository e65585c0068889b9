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
    throw new Fault(400, 'invalid_request', 'Cannot parse the JSON');
  }
}

/** @throws {Fault} 400 for an unknown member, in Keycloak's words */
export function assertMembers(
  value: object,
  known: ReadonlySet<string>,
  text: string,
  representation: string,
): void {
  const unknown = Object.keys(value).find((name) => !known.has(name));
  if (unknown === undefined) return;
  const before = text.slice(0, text.indexOf(`"${unknown}"`) + unknown.length + 3).split('\n');
  const place = `at line ${before.length} column ${(before.at(-1) ?? '').length + 2}`;
  const what = `Invalid json representation for ${representation}`;
  throw new Fault(400, `${what}. Unrecognized field "${unknown}" ${place}.`);
}
