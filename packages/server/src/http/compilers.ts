import { createRequire } from 'node:module';
import serializers from '@fastify/fast-json-stringify-compiler';
import type { FastifyServerOptions } from 'fastify';

type Compilers = Required<
  NonNullable<NonNullable<FastifyServerOptions['schemaController']>['compilersFactory']>
>;
type Serialize = ReturnType<ReturnType<Compilers['buildSerializer']>>;
type Validate = ((data: unknown) => unknown) & { errors?: unknown };

const require = createRequire(import.meta.url);

/**
 * Fastify's own compilers, run when a schema is first needed: most answers that routes list are never sent, and compiling
 * them all, and loading what checks bodies, would be a good part of the start. What routes have in common is compiled once.
 */
export function compileWhenNeeded(): Compilers {
  return {
    buildSerializer(schemas, options) {
      const compile = serializers()(schemas, options);
      const shared = new Map<string, Serialize>();
      function make({ schema, ...route }: Parameters<typeof compile>[0]): Serialize {
        const { description: _, ...rest } = schema as Record<string, unknown>;
        const key = JSON.stringify(rest);
        const serialize = shared.get(key) ?? compile({ ...route, schema: rest });
        shared.set(key, serialize);
        return serialize;
      }
      return (route) => {
        let serialize: Serialize | undefined;
        return (data) => {
          serialize ??= make(route);
          return serialize(data);
        };
      };
    },
    buildValidator(schemas: unknown, options?: unknown) {
      let compile: ((route: object) => Validate) | undefined;
      return (route: object) => {
        let validate: Validate | undefined;
        const check = Object.assign(
          (data: unknown) => {
            compile ??= require('@fastify/ajv-compiler')()(schemas, options) as (route: object) => Validate;
            validate ??= compile(route);
            const result = validate(data);
            check.errors = validate.errors;
            return result;
          },
          { errors: undefined as unknown },
        );
        return check as never;
      };
    },
  };
}
