/** The command cannot run as it was called: exit code 2. Holds everything that is wrong, one line each. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    // Texts of files and names of others are in some.
    const lines = problems.map((one) => one.replace(/[\r\n]\s*/g, ' '));
    super(lines.join('\n'));
    this.problems = lines;
  }
}
