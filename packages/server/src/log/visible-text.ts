/**
 * What changes how a text is shown, or where a line ends, and is not seen itself: controls, directions of writing,
 * spaces without width (Unicode's Cf), separators of lines and paragraphs, and what has no face by its nature (Unicode's
 * Default_Ignorable_Code_Point, and a Braille pattern without dots). Of the first 32 JSON has made escapes.
 */
const HIDDEN = /[\u007f-\u009f\u2800\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

/** An escape of JSON, but for the end of a line in a trace. */
const ESCAPE = /\\(?!n {4}at )(u[\da-f]{4}|.)/gi;

/** A line of JSON in which nothing is hidden. It means the same. */
export function escapeHidden(json: string): string {
  return json.replace(HIDDEN, (hidden) =>
    hidden
      .split('')
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join(''),
  );
}

/**
 * For those who read the line and then write its texts to a terminal: what is hidden in them stays an escape, and so
 * do control characters. It does not mean the same, for it shows what was meant.
 */
export function escapeForTerminal(json: string): string {
  return escapeHidden(json).replace(ESCAPE, (all, escaped: string) =>
    /^["\\/]/.test(escaped) ? all : `\\\\${escaped}`,
  );
}
