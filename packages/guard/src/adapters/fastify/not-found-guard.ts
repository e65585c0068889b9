import type { FastifyInstance, onRequestHookHandler } from 'fastify';

/**
 * Guards what a scope has no route for. Fastify answers that outside of the scope, so its hooks do not run: where the
 * scope has a prefix, that tells what is its own. In doubt about how a URL is written it is guarded: what there is no
 * route for can do without.
 */
export function guardNotFound(scope: FastifyInstance, guard: onRequestHookHandler): void {
  // What has the prefix of the scope around it has no prefix of its own: others may share it.
  if (scope.prefix === '' || scope.prefix === parentOf(scope)?.prefix) return;
  const wanted = toSegments(scope.prefix);
  rootOf(scope).addHook('onRequest', function notFoundGuard(request, reply, done) {
    if (request.is404 && isUnder(request.url, wanted)) guard.call(this, request, reply, done);
    else done();
  });
}

/** Fastify makes a scope by inheriting from the one around it. */
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
  // A semicolon may end it, or be part of it: that is an option of Fastify.
  return [whole, whole.replace(/;.*$/s, '')].some((one) => {
    const path = toSegments(one);
    return wanted.every((segment, at) => segment === path[at] || (/[:*]/.test(segment) && at < path.length));
  });
}

/** However it is written: with slashes twice, in capitals, encoded. */
function toSegments(path: string): string[] {
  const segments = path.split(/[/\\]/).map(decode);
  return segments.flatMap((segment) => segment.toLowerCase().split('/')).filter((segment) => segment !== '');
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
