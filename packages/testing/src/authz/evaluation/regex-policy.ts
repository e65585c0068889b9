import { createContext, Script } from 'node:vm';
import type { Policy } from '../model.ts';
import type { Question } from './subject.ts';

/** A pattern can run longer than anybody lives, and nothing else here stops it. Unit: milliseconds. */
const TIMEOUT_MS = 1_000;
const realm = createContext({ pattern: /$/, value: '' });
const matching = new Script('pattern.test(value)');

/**
 * Whether a claim, or a pushed one, matches as a whole. A dot leads into a claim that is an object. `undefined` if the
 * pattern took too long.
 */
export function isMatched({ config }: Policy, { subject, context }: Question): boolean | undefined {
  const { attributes } = config.targetContextAttributes === 'true' ? context : subject;
  const value = valueAt(attributes, config.targetClaim ?? '');
  const pattern = toPattern(config.pattern ?? '');
  return value !== undefined && pattern !== undefined && test(pattern, value);
}

function test(pattern: RegExp, value: string): boolean | undefined {
  Object.assign(realm, { pattern, value });
  try {
    return matching.runInContext(realm, { timeout: TIMEOUT_MS }) === true;
  } catch {
    return undefined;
  }
}

/** `undefined` if JavaScript does not understand the pattern. */
export function toPattern(text: string): RegExp | undefined {
  try {
    return new RegExp(`^(?:${text})$`, 'u');
  } catch {
    try {
      return new RegExp(`^(?:${text})$`);
    } catch {
      return undefined;
    }
  }
}

function valueAt(attributes: Question['subject']['attributes'], claim: string): string | undefined {
  const parts = claim.split(/(?<!\\)\./).filter((part) => part !== '');
  // A name without a path is used as it is written, backslashes included.
  if (parts.length < 2) return attributes.get(claim)?.[0];
  const [name = '', ...path] = parts.map((part) => part.replaceAll(/\\(.)/g, '$1'));
  const [text] = attributes.get(name) ?? [];
  if (text === undefined) return undefined;
  try {
    let at: unknown = JSON.parse(text);
    for (const part of path) {
      const isOwn = typeof at === 'object' && at !== null && Object.hasOwn(at, part);
      at = isOwn ? (at as Record<string, unknown>)[part] : undefined;
    }
    return at === undefined || at === null ? undefined : toText(at);
  } catch {
    return undefined;
  }
}

/** Writes a list as Java does. */
function toText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(toText).join(', ')}]`;
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
