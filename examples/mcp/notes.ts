// What both servers are about, whatever SDK and framework they are made with: everybody has notes of their own.
import type { Principal } from 'keycloak-guard';

export function createNotes() {
  const notes = new Map<string | null, string[]>();
  return {
    list({ subject, username }: Principal): string {
      return `Notes of ${username}: ${(notes.get(subject) ?? ['buy tea']).join(', ') || 'none'}`;
    },
    clear({ subject }: Principal): string {
      notes.set(subject, []);
      return 'Cleared';
    },
  };
}

export type Notes = ReturnType<typeof createNotes>;

/** Whom the guard let in: it has put them there. */
export function principalOf(authInfo: { extra?: Record<string, unknown> } | undefined): Principal {
  return authInfo?.extra?.principal as Principal;
}

/** What a tool says. */
export const say = (text: string) => ({ content: [{ type: 'text' as const, text }] });

/** To clear notes needs a scope more than to read them. */
export const SCOPES = { scopes: ['notes:read'], tools: { 'clear-notes': 'notes:write' } };
