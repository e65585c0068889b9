import type { FastifyInstance, onRequestHookHandler } from 'fastify';

/**
 * Guards the URLs of a scope that have no route. Fastify answers them outside of the scope, so the scope's hooks do not run.
 * The prefix of the scope tells which URLs are its own. An ambiguous URL is guarded: it has no route, so nothing is lost.
 */
export function guardNotFound(scope: FastifyInstance, guard: onRequestHookHandler): void {
  // A scope with the same prefix as its parent owns no URLs: others may share the prefix.
  if (scope.prefix === '' || scope.prefix === parentOf(scope)?.prefix) return;
  const wanted = toSegments(scope.prefix);
  rootOf(scope).addHook('onRequest', function notFoundGuard(request, reply, done) {
    if (request.is404 && isUnder(request.url, wanted)) guard.call(this, request, reply, done);
    else done();
  });
}

/** A scope of Fastify inherits from the one around it. */
function parentOf(scope: FastifyInstance): FastifyInstance | undefined {
  const parent: Partial<FastifyInstance> | null = Object.getPrototypeOf(scope);
  return typeof parent?.addHook === 'function' ? (parent as FastifyInstance) : undefined;
}

function rootOf(scope: FastifyInstance): FastifyInstance {
  const parent = parentOf(scope);
  return parent === undefined ? scope : rootOf(parent);
}

function isUnder(url: string, wanted: readonly string[]): boolean {
  // The path of an absolute URL (RFC 9112 §3.2.2) begins behind the host, as it does for the router.
  const whole = url.replace(/^https?:\/\/.*?\//i, '/').replace(/[?#].*$/s, '');
  // A semicolon ends the path or belongs to it, by an option of Fastify.
  return [whole, whole.replace(/;.*$/s, '')].some((one) => {
    const path = toSegments(one, wanted.length);
    return wanted.every((segment, at) => segment === path[at] || (/[:*]/.test(segment) && at < path.length));
  });
}

/** In one spelling: without double slashes, capitals and escapes. @param most how many segments of a long path matter */
function toSegments(path: string, most = path.length): string[] {
  // The first is empty, in front of the first slash.
  const segments = path.split(/[/\\]+/, most + 1).map(decode);
  return segments.flatMap((segment) => segment.toLowerCase().split('/')).filter((segment) => segment !== '');
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
