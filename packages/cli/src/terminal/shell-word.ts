/** A word of a command that is printed to be copied into a shell: what others chose is in it as it is, and runs nothing. */
export function toShellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) && !word.startsWith('-') ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
