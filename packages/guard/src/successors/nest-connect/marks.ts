import type { CustomDecorator } from '@nestjs/common';

/** The guard that reads what a decorator wrote. */
export type Reader = 'RoleGuard' | 'ResourceGuard';

const KEY = Symbol.for('keycloak-guard.nest-connect.readers');

/** Writes metadata on a class or handler, and remembers which guard must read it. */
export function mark(metadata: Readonly<Record<string, unknown>>, reader?: Reader): CustomDecorator {
  const [key = ''] = Object.keys(metadata);
  const decorator = (target: object, _key?: string | symbol, descriptor?: PropertyDescriptor): void => {
    const on = descriptor === undefined ? target : (descriptor.value as object);
    for (const [name, value] of Object.entries(metadata)) Reflect.defineMetadata(name, value, on);
    if (reader !== undefined) Reflect.defineMetadata(KEY, [...readersOf(on), reader], on);
  };
  return Object.assign(decorator, { KEY: key }) as CustomDecorator;
}

/** The guards that a class (with those that it extends) or a handler needs. */
export function readersOf(on: object): readonly Reader[] {
  return (Reflect.getMetadata(KEY, on) as readonly Reader[] | undefined) ?? [];
}
