import type { Type } from '@nestjs/common';
import type { ModulesContainer } from '@nestjs/core';
import type { Requirements } from '../../core/index.ts';
import { toAnswers, toSecurity } from '../engine/internal.ts';
import { accessOf, permissionsOf, toGuardOptions } from './access.ts';
import { appGuardsIn, type Registered, registeredIn } from './handlers.ts';

// Metadata of @nestjs/swagger, which need not be installed.
const SECURITY = 'swagger/apiSecurity';
const RESPONSES = 'swagger/apiResponse';
/** Its compiler plugin documents answers, unless a handler has some already. */
const PLUGIN = '_OPENAPI_METADATA_FACTORY';

type Responses = Readonly<Record<string, object>>;

/**
 * Says in the OpenAPI documents of `@nestjs/swagger` what guards mean: security, 401, 403 and 503 of each guarded route. What
 * the application says itself stays. Must be called before a document is made.
 *
 * @param guard the guard to look for among those of the application
 * @param scheme name of the security scheme
 */
export function documentGuards(modules: ModulesContainer, guard: Type, scheme: string): void {
  const isEverywhere = appGuardsIn(modules).includes(guard);
  for (const one of registeredIn(modules).filter(({ isController }) => isController)) {
    documentController(one, (on) => isEverywhere || isUsed(on, guard), scheme);
  }
}

function documentController(
  { controller, handlers }: Registered,
  isGuardedBy: (on: object) => boolean,
  scheme: string,
): void {
  const routes = handlers
    .filter(({ kinds }) => kinds.includes('http') || kinds.includes('sse'))
    .map(({ method }) => ({
      method,
      options: isGuardedBy(controller) || isGuardedBy(method) ? toGuardOptions(controller, method) : null,
    }));
  const hasOwnSecurity = Reflect.hasMetadata(SECURITY, controller);
  for (const { method, options } of routes) {
    if (options === null) continue;
    const { optional, ...requirements } = options;
    const permissions = permissionsOf(controller, method);
    if (!hasOwnSecurity && !Reflect.hasMetadata(SECURITY, method)) {
      const guard = { requirements: requirements as Requirements, isOptional: optional === true };
      Reflect.defineMetadata(SECURITY, toSecurity([guard], scheme), method);
    }
    if (PLUGIN in controller) continue;
    const canDeny = Object.keys(requirements).length + permissions.length > 0;
    const own = (Reflect.getMetadata(RESPONSES, method) as Responses | undefined) ?? {
      [statusOf(method)]: { description: '' },
    };
    Reflect.defineMetadata(RESPONSES, { ...toResponses(canDeny), ...own }, method);
  }
  if (PLUGIN in controller && routes.length > 0 && routes.every(({ options }) => options !== null)) {
    const own = (Reflect.getMetadata(RESPONSES, controller) as Responses | undefined) ?? {};
    Reflect.defineMetadata(RESPONSES, { ...toResponses(true), ...own }, controller);
  }
}

const SCHEMA = { type: 'object', properties: { detail: { type: 'string' } } };

const toResponses = (canDeny: boolean): Responses =>
  toAnswers(canDeny, [], (description) => ({ description, schema: SCHEMA }));

/** The status that `@nestjs/swagger` documents for a handler that names none: 201 for POST, else 200. */
function statusOf(method: object): number {
  const post = 1;
  const status = Reflect.getMetadata('__httpCode__', method) as number | undefined;
  return status ?? (Reflect.getMetadata('method', method) === post ? 201 : 200);
}

const isUsed = (on: object, guard: Type): boolean =>
  accessOf(on)?.isPublic === false ||
  ((Reflect.getMetadata('__guards__', on) as readonly unknown[] | undefined) ?? []).includes(guard);
