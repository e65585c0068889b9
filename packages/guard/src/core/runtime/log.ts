import type { Notice } from './notice.ts';
import { createNoticeLines } from './notice-lines.ts';

/** Where lines of the log go; a logger of pino's fits, and so does `console`. */
export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Writes problems to the standard error output if no logger was given. */
export function createStandardErrorLog(subject: string): Log {
  const lines = createNoticeLines(subject);
  const say = (level: Notice['level']) => (fields: object, message: string) => {
    const { code, id, fix } = fields as { code?: string; id?: string; fix?: string };
    lines({ level, code: code ?? id ?? 'unknown', message, fix });
  };
  return { info() {}, warn: say('warn'), error: say('error') };
}
