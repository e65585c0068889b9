import formbody from '@fastify/formbody';
import type { FastifyInstance, FastifyReply, FastifyRequest, HookHandlerDoneFunction } from 'fastify';

/** A bracket, or a string: a name if a colon follows it. */
const TOKEN = /([{[])|[}\]]|("(?:[^"\\]|\\.)*")(\s*:)?/g;

/** Repeated member names of an object in valid JSON. `JSON.parse` takes the last one. */
export function repeatedMembers(json: string): string[] {
  const seen = new Set<string>();
  const repeated: string[] = [];
  let depth = 0;
  for (const [, opens, text, colon] of json.matchAll(TOKEN)) {
    if (opens) depth++;
    else if (text === undefined) depth--;
    else if (colon && depth === 1) {
      const name = JSON.parse(text) as string;
      if (seen.has(name)) repeated.push(name);
      seen.add(name);
    }
  }
  return repeated;
}

/** Parts of a multipart body. No form here has more than four fields; each part costs thirty microseconds. */
const MOST_PARTS = 20;
/** How much is read before it is known whether there are too many. */
const STEP_BYTES = 1024;
/** Largest body. Keycloak refuses larger credentials with an obscure answer. */
export const BODY_LIMIT_BYTES = 16 * 1024;

/**
 * Reads JSON and forms in both encodings. A field that comes twice becomes a list, which no field may be. What would change a
 * prototype is left out: like every field that nobody asked for, it is no mistake.
 */
export function readBodies(app: FastifyInstance): void {
  const parseJson = app.getDefaultJsonParser('remove', 'remove');
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body: string, done) => {
    parseJson(request, body, (error, value: unknown) => {
      const fields = value as Record<string, unknown>;
      if (!error)
        for (const name of repeatedMembers(body)) if (Object.hasOwn(fields, name)) fields[name] = [];
      done(error, value);
    });
  });
  app.removeContentTypeParser('text/plain');
  app.register(formbody, { bodyLimit: BODY_LIMIT_BYTES });
  app.addContentTypeParser('multipart/form-data', { parseAs: 'buffer' }, (request, body, done) => {
    parseMultipart(request.headers['content-type'] ?? '', body as Buffer).then(
      (fields) => done(null, fields),
      () => done(Object.assign(new Error('the multipart body is broken'), { statusCode: 400 })),
    );
  });
}

/** For `preValidation`: no body counts as a body without fields, so that the answer names each missing field. */
export function emptyBodyHasNoFields(
  request: FastifyRequest,
  _reply: FastifyReply,
  done: HookHandlerDoneFunction,
): void {
  if (request.body === undefined) request.body = {};
  done();
}

/**
 * Not the platform's own parser (`Response.formData`): that one refuses a boundary of less than 27 characters. Loaded when it
 * is first needed, which is seldom.
 */
async function parseMultipart(type: string, body: Buffer): Promise<Record<string, unknown>> {
  const { Busboy } = await import('@fastify/busboy');
  return new Promise((resolve, reject) => {
    const fields: Record<string, unknown> = Object.create(null);
    const add = (name: string, value: string | null): void => {
      fields[name] = name in fields ? [fields[name], value].flat() : value;
    };
    const parser = new Busboy({ headers: { 'content-type': type }, limits: { parts: MOST_PARTS } });
    parser.on('field', add);
    parser.on('file', (name, stream) => {
      // A file is not a string.
      add(name, null);
      // A file that breaks off says so here too, and an error without a listener would end the process.
      stream.on('error', () => {}).resume();
    });
    let isOver = false;
    parser.on('partsLimit', () => {
      isOver = true;
      reject(new Error('too many parts'));
    });
    parser.on('finish', () => resolve(fields)).on('error', reject);
    for (let at = 0; at < body.length && !isOver; at += STEP_BYTES)
      parser.write(body.subarray(at, at + STEP_BYTES));
    parser.end();
  });
}
