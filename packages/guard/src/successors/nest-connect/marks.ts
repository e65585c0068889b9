import type { CustomDecorator } from '@nestjs/common';
import { type Decorated, toMarked } from '../../adapters/nest/internal.ts';

/** The guard that reads what a decorator wrote. */
export type Reader = 'RoleGuard' | 'ResourceGuard';

const KEY = Symbol.for('keycloak-guard.nest-connect.readers');

/** Writes metadata on a class or handler, and remembers which guard must read it. */
export function mark(metadata: Readonly<Record<string, unknown>>, reader?: Reader): CustomDecorator {
  const [key = ''] = Object.keys(metadata);
  const decorator = (...decorated: Decorated): void => {
    const on = toMarked(decorated);
    for (const [name, value] of Object.entries(metadata)) Reflect.defineMetadata(name, value, on);
    if (reader !== undefined) Reflect.defineMetadata(KEY, [...readersOf(on), reader], on);
  };
  return Object.assign(decorator, { KEY: key }) as CustomDecorator;
}

/** The guards that a class (with those that it extends) or a handler needs. */
export function readersOf(on: object): readonly Reader[] {
  return (Reflect.getMetadata(KEY, on) as readonly Reader[] | undefined) ?? [];
}

/** Whether a guard would miss, on the function in the place of a method, what was written on that. */
export function isMarkLost(decorated: object, called: object): boolean {
  const read = readersOf(called);
  return readersOf(decorated).some((one) => !read.includes(one));
}
