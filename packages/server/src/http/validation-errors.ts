import type { FastifySchemaValidationError } from 'fastify';
import type { ValidationError } from '../models.ts';

type Problem = Pick<ValidationError, 'type' | 'msg'>;

/** Validation errors in the form that clients of the guide's API know. Never holds input. */
const PROBLEMS: Readonly<Record<string, (params: Record<string, unknown>) => Problem>> = {
  required: () => ({ type: 'missing', msg: 'Field required' }),
  minLength: () => ({ type: 'missing', msg: 'Field required' }),
  type: ({ type }) => ({
    type: `${type}_type`,
    msg: type === 'object' ? 'Input should be an object' : `Input should be a valid ${type}`,
  }),
  maxLength: ({ limit }) => ({
    type: 'string_too_long',
    msg: `String should have at most ${limit} characters`,
  }),
  pattern: () => ({ type: 'string_pattern_mismatch', msg: 'String should not have control characters' }),
  'x-well-formed': () => ({ type: 'string_unicode', msg: 'String should be valid Unicode' }),
};

/** One entry per field, in the order of the schema's checks. */
export function toValidationErrors(
  errors: readonly FastifySchemaValidationError[],
  context = 'body',
): ValidationError[] {
  const byPlace = new Map<string, ValidationError>();
  for (const { keyword, params, instancePath } of errors) {
    const path = instancePath.split('/').slice(1);
    if (keyword === 'required') path.push(String(params.missingProperty));
    const place = path.join('/');
    if (byPlace.has(place)) continue;
    const problem = PROBLEMS[keyword]?.(params) ?? { type: 'value_error', msg: 'Value is not valid' };
    byPlace.set(place, { type: problem.type, loc: [context, ...path], msg: problem.msg, input: null });
  }
  return [...byPlace.values()];
}
