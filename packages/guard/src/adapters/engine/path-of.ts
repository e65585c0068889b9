import { targetOf } from '../../core/internal.ts';

/** The path of {@link targetOf}, unchanged: routers differ in how they read dots and escapes. */
export function pathOf(url: string): string {
  return targetOf(url).replace(/[?#].*$/s, '');
}
