import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Fault, unexpected } from '../fault.ts';

const MAX_VALUE_BYTES = 131_072;

/** Fields of a form body. As in Keycloak, any other body is an empty form. */
export type Form = URLSearchParams;

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
      if (Buffer.byteLength(value) > MAX_VALUE_BYTES) {
        return done(new Fault(413, 'HTTP 413 Request Entity Too Large'));
      }
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

/** @param except a field that may come several times */
export function hasDuplicates(form: URLSearchParams, except?: string): boolean {
  const names = [...form.keys()].filter((name) => name !== except);
  return new Set(names).size !== names.length;
}

/** The value of a field, or `undefined` if it is missing. An empty value stays empty. */
export function field(form: URLSearchParams, name: string): string | undefined {
  return form.get(name) ?? undefined;
}
