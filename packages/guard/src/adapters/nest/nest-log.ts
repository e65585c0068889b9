import { Logger } from '@nestjs/common';
import type { Log } from '../../core/index.ts';

/** Writes fields and message as one line: Nest's logger takes texts. */
export function createNestLog(): Log {
  const logger = new Logger('Keycloak');
  return {
    info: (fields, message) => logger.log(toLine(fields, message)),
    warn: (fields, message) => logger.warn(toLine(fields, message)),
    error: (fields, message) => logger.error(toLine(fields, message), (fields as Fields).err?.stack),
  };
}

type Fields = { readonly err?: Error; readonly [field: string]: unknown };

function toLine(fields: object, message: string): string {
  const { err, fix, ...rest } = fields as Fields;
  const details = Object.entries(rest)
    .filter(([, value]) => typeof value === 'string' || typeof value === 'number')
    .map(([name, value]) => `${name}: ${value}`);
  const more = [...details, ...(err === undefined ? [] : [err.message])].join(', ');
  return [message, ...(more === '' ? [] : [`(${more})`]), ...(fix === undefined ? [] : [`– ${fix}`])].join(
    ' ',
  );
}
