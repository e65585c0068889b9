import { added, change, type Part, toChange } from '../plan/step.ts';
import type { McpState } from './current.ts';
import {
  type DocumentPolicy,
  lacksPkce,
  missingDomains,
  takesDocuments,
  toDocumentPolicies,
} from './documents.ts';
import type { McpGoal } from './goal.ts';

/** Programs whose client id is the URL of a document about them. */
export function planDocuments(plan: Part, { documents }: McpState, goal: McpGoal): void {
  if (!documents.isOffered && goal.documents.length > 0) {
    plan.blocked.push({
      subject: 'documents of clients',
      why: documents.isRealmOff
        ? 'the realm is off, so Keycloak does not say whether it takes them'
        : 'the feature cimd is off, so Keycloak takes none',
      fix: documents.isRealmOff
        ? 'Realm settings → Enabled (top right): on, and run this again'
        : 'start Keycloak with --features=cimd, and run this again',
    });
    return;
  }
  if (documents.isOffered && goal.documents.length === 0 && !takesDocuments(documents)) {
    plan.blocked.push({
      subject: 'documents of clients',
      why: 'Keycloak says that it takes them, and no client policy does: clients that choose one get "Client not found"',
      fix: '--documents with the domain of each program that may, or start Keycloak without the feature cimd',
    });
  }
  for (const policy of toDocumentPolicies(goal.documents)) planPolicy(plan, documents, policy);
}

function planPolicy(
  { steps, kept, blocked }: Part,
  documents: McpState['documents'],
  policy: DocumentPolicy,
): void {
  const subject = `client policy ${policy.name}`;
  const there = documents.policies.find(({ name }) => name === policy.name);
  const missing = missingDomains(documents, policy);
  const isWithoutPkce = lacksPkce(documents, policy.name);
  if (there?.enabled === false) {
    blocked.push({
      subject,
      why: 'somebody switched it off',
      fix: 'Realm settings → Client policies → Policies → this one: on',
    });
  }
  if (missing.length === 0 && !isWithoutPkce) kept.push(subject);
  else {
    const changes = [
      ...(missing.length > 0 ? [added('documents of', ...missing)] : []),
      ...(isWithoutPkce
        ? [change('PKCE', 'S256 for new clients of documents, and that register without a token')]
        : []),
    ];
    const opened = `programs with a document at ${missing.join(', ')} can sign people in at this realm, for all its servers`;
    const opens = missing.length > 0 ? [opened] : [];
    const step = toChange(subject, changes, { type: 'take-documents', policy } as const, opens);
    steps.push(there === undefined ? { ...step, kind: 'create' } : step);
  }
}
