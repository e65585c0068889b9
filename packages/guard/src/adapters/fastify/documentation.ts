import type { RouteOptions } from 'fastify';
import { isDenying, toAnswers, toSecurity } from '../engine/internal.ts';
import type { GuardHook } from './guard-hook.ts';
import type { PermitHook } from './permissions-plugin.ts';

interface DocumentedSchema {
  security?: object;
  response?: Record<string, unknown>;
}

const BODY = { 'application/json': { schema: { type: 'object', additionalProperties: true } } };

/** Describes guards in a route's OpenAPI documentation (`@fastify/swagger`). */
export function createGuardDocumentation(securityScheme: string) {
  const guarded = new Map<RouteOptions, GuardHook[]>();
  const permitted = new Map<RouteOptions, PermitHook[]>();

  const said = new WeakSet<object>();

  return {
    /** Adds security and its scopes, unless the route declares them. Call it while routes are registered. */
    addSecurity(route: RouteOptions, hook: unknown): void {
      if (isPermitHook(hook)) permitted.set(route, [...(permitted.get(route) ?? []), hook]);
      if (!isGuardHook(hook)) return;
      const known = guarded.get(route);
      const hooks = [...(known ?? []), hook];
      guarded.set(route, hooks);
      const schema = (route.schema ?? {}) as DocumentedSchema;
      // Security that the route declares itself stays. That of its other guards is replaced.
      if (schema.security !== undefined && (known === undefined || !said.has(schema.security))) return;
      const security = toSecurity(hooks, securityScheme);
      said.add(security);
      route.schema = { ...schema, security } as NonNullable<RouteOptions['schema']>;
    },
    // Not before Fastify has compiled the serializers: they would cut the application's own error bodies.
    /** Adds the answers. Call it when the application is ready. */
    addAnswers(): void {
      for (const [route, hooks] of guarded) {
        const schema = route.schema as DocumentedSchema;
        const permits = (permitted.get(route) ?? []).map(({ asked, permitStatus: status }) => ({
          asked,
          status,
        }));
        const answers = toAnswers(hooks.some(isDenying), permits, (description) => ({
          description,
          content: BODY,
        }));
        const own = schema.response ?? { 200: { description: 'Default Response' } };
        schema.response = { ...answers, ...own };
      }
    },
  };
}

function isPermitHook(hook: unknown): hook is PermitHook {
  return typeof hook === 'function' && 'permitStatus' in hook;
}

function isGuardHook(hook: unknown): hook is GuardHook {
  return typeof hook === 'function' && 'requirements' in hook && 'isOptional' in hook;
}
