import { readFile } from 'node:fs/promises';
import type { RealmRepresentation } from './representation.ts';

/** A realm, or several in a list. @throws {Error} if the file cannot be read or is not JSON, with a message for its author */
export async function loadRealmFile(
  file: string | URL,
): Promise<RealmRepresentation | RealmRepresentation[]> {
  const name = String(file);
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    throw new Error(`the realm file ${name} cannot be read (${code})`, { cause: error });
  }
  try {
    return JSON.parse(text) as RealmRepresentation | RealmRepresentation[];
  } catch (error) {
    throw new Error(`the realm file ${name} is no JSON: ${(error as Error).message}`, { cause: error });
  }
}
