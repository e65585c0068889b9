import type { Setting } from './setting.ts';
import { isPlaceholder } from './setting-parsers.ts';

/** What is wrong with a value, as far as a message may say it. */
export function describeValue({ secret }: Pick<Setting, 'secret'>, text: string): string {
  if (!secret) return `is ${quoted(withoutSecrets(text))}.`;
  if (/[\r\n]/.test(text)) return 'has a line break in it.';
  if (text.trim() !== text) return 'has spaces around it.';
  return isPlaceholder(text) ? 'is still a placeholder.' : 'is something else.';
}

/** Text before an `@` may be a password, even in a malformed URL. */
function withoutSecrets(text: string): string {
  return text.replace(/^([a-z][a-z\d+.-]*:\/\/)?.*@/is, '$1***@');
}

/** Without what a terminal would obey: the file may be that of a cloned repository. */
export function quoted(text: string): string {
  const plain = text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ');
  return `'${plain.length > 80 ? `${plain.slice(0, 80)}…` : plain}'`;
}
