import { whole } from './setting-parsers.ts';

// What several settings have in common. The example is the default, unless the setting names another one.

export function wholeNumber(low: number, high: number, otherwise?: number) {
  const rule = `must be a whole number from ${low} to ${high}`;
  return { rule, ...toDefault(otherwise), parse: whole(low, high) };
}

export function oneOf<const T extends string>(values: readonly T[], otherwise: T) {
  const rule = `must be ${values.slice(0, -1).join(', ')} or ${values.at(-1)}`;
  return { rule, ...toDefault(otherwise), parse: (text: string) => values.find((value) => value === text) };
}

export function onOrOff(otherwise: 'on' | 'off') {
  const { parse, ...rest } = oneOf(['on', 'off'], otherwise);
  return { ...rest, parse: (text: string) => (parse(text) === undefined ? undefined : text === 'on') };
}

/** As the setting would be written. */
function toDefault(otherwise: string | number | undefined) {
  const text = `${otherwise ?? ''}`;
  return { example: text, ...(otherwise === undefined ? {} : { default: text }) };
}
