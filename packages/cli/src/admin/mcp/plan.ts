import type { Change, Plan } from '../plan/step.ts';
import type { McpState } from './current.ts';
import { type DocumentPolicy, missingDomains, takesDocuments, toDocumentPolicies } from './documents.ts';
import {
  type Mapper,
  MCP_CLIENT_ID,
  type McpGoal,
  SCOPE_ATTRIBUTES,
  TRUSTED_HOSTS,
  toScopeMappers,
} from './goal.ts';

/** Names only: ids are looked up when it is done. */
export type McpAction =
  | { readonly type: 'create-server' }
  | { readonly type: 'set-resource-url' }
  | { readonly type: 'create-scope'; readonly scope: string }
  | { readonly type: 'set-scope-attributes'; readonly scope: string }
  | { readonly type: 'add-scope-mapper'; readonly scope: string; readonly mapper: Mapper }
  | { readonly type: 'offer-scope'; readonly scope: string }
  | { readonly type: 'create-program' }
  | { readonly type: 'add-optional-scope'; readonly scope: string }
  | { readonly type: 'trust-hosts'; readonly hosts: readonly string[] }
  | { readonly type: 'take-documents'; readonly policy: DocumentPolicy };

/** What has to be done; nothing that somebody set otherwise is taken away. */
export function planMcp(state: McpState, goal: McpGoal): Plan<McpAction> {
  const plan = {
    steps: [] as Plan<McpAction>['steps'][number][],
    kept: [] as string[],
    blocked: [] as Plan['blocked'][number][],
  };
  const step = (kind: 'create' | 'change', subject: string, action: McpAction, ...changes: Change[]) =>
    plan.steps.push({ kind, subject, changes, action });
  const to = (field: string, value: string, from = ''): Change => ({ field, from, to: value });

  const server = `client ${goal.url}`;
  if (state.server === undefined)
    step('create', server, { type: 'create-server' }, to('for', 'the MCP server, confidential'));
  else if (state.server.publicClient) {
    plan.blocked.push({
      subject: server,
      why: 'it is a public client, which may not ask Keycloak about tokens',
      fix: 'Clients → this client → Client authentication: on',
    });
  } else if (state.server.attributes?.resource_url !== goal.url) {
    const from = String(state.server.attributes?.resource_url ?? '');
    step('change', server, { type: 'set-resource-url' }, to('resource_url', goal.url, from));
  } else plan.kept.push(server);

  for (const scope of goal.scopes) planScope(scope);

  const program = `client ${MCP_CLIENT_ID}`;
  if (state.program === undefined) {
    step(
      'create',
      program,
      { type: 'create-program' },
      to('for', 'programs without a secret, with PKCE, on loopback addresses'),
    );
  } else {
    const { optionalClientScopes = [], defaultClientScopes = [] } = state.program;
    const has = new Set([...optionalClientScopes, ...defaultClientScopes]);
    const missing = goal.scopes.filter((scope) => !has.has(scope));
    for (const scope of missing) {
      step('change', program, { type: 'add-optional-scope', scope }, to('optional scopes', `+ ${scope}`));
    }
    if (missing.length === 0) plan.kept.push(program);
  }
  if (goal.registration) planRegistration();
  planDocuments();
  return plan;

  function planScope(name: string): void {
    const subject = `client scope ${name}`;
    const there = state.scopes.find((one) => one.name === name);
    const before = plan.steps.length;
    if (there === undefined) {
      step(
        'create',
        subject,
        { type: 'create-scope', scope: name },
        to('audience', goal.url),
        to('username', 'preferred_username'),
      );
    } else {
      if (there.attributes?.['include.in.token.scope'] !== SCOPE_ATTRIBUTES['include.in.token.scope']) {
        step(
          'change',
          subject,
          { type: 'set-scope-attributes', scope: name },
          to('include in token scope', 'true', 'false'),
        );
      }
      const [audience, username] = toScopeMappers(goal);
      const mappers = there.protocolMappers ?? [];
      if (!mappers.some(({ config }) => config?.['included.client.audience'] === goal.url)) {
        step(
          'change',
          subject,
          { type: 'add-scope-mapper', scope: name, mapper: audience },
          to('audience', `+ ${goal.url}`),
        );
      }
      if (!mappers.some(({ config }) => config?.['claim.name'] === 'preferred_username')) {
        step(
          'change',
          subject,
          { type: 'add-scope-mapper', scope: name, mapper: username },
          to('username', '+ preferred_username'),
        );
      }
    }
    if (!state.offered.includes(name)) {
      const kind = there === undefined ? 'create' : 'change';
      step(kind, subject, { type: 'offer-scope', scope: name }, to('optional scope of the realm', '+ yes'));
    }
    if (plan.steps.length === before) plan.kept.push(subject);
  }

  function planRegistration(): void {
    const subject = 'registration policy Trusted Hosts';
    if (state.trustedHosts === undefined) {
      plan.blocked.push({
        subject,
        why: 'somebody removed it, and without it anybody may register clients from anywhere',
        fix: 'Clients → Client registration → Anonymous access policies → Create: Trusted Hosts',
      });
      return;
    }
    const trusted = state.trustedHosts.config?.['trusted-hosts'] ?? [];
    const hosts = TRUSTED_HOSTS.filter((host) => !trusted.includes(host));
    if (hosts.length === 0) plan.kept.push(subject);
    else
      step('change', subject, { type: 'trust-hosts', hosts }, to('trusted hosts', `+ ${hosts.join(', ')}`));
  }

  function planDocuments(): void {
    const { documents } = state;
    if (!documents.isOffered && goal.documents.length > 0) {
      plan.blocked.push({
        subject: 'documents of clients',
        why: 'the feature cimd is off, so Keycloak takes none',
        fix: 'start Keycloak with --features=cimd, and run this again',
      });
      return;
    }
    if (documents.isOffered && goal.documents.length === 0 && !takesDocuments(documents)) {
      plan.blocked.push({
        subject: 'documents of clients',
        why: 'Keycloak says that it takes them, and no client policy does: clients that choose one get "Client not found"',
        fix: '--mcp-documents with the domain of each program that may, or start Keycloak without the feature cimd',
      });
    }
    for (const policy of toDocumentPolicies(goal.documents)) planPolicy(policy);
  }

  function planPolicy(policy: DocumentPolicy): void {
    const subject = `client policy ${policy.name}`;
    const there = state.documents.policies.find(({ name }) => name === policy.name);
    const missing = missingDomains(state.documents, policy);
    if (there?.enabled === false) {
      plan.blocked.push({
        subject,
        why: 'somebody switched it off',
        fix: 'Realm settings → Client policies → Policies → this one: on',
      });
    }
    if (missing.length === 0) plan.kept.push(subject);
    else {
      const kind = there === undefined ? 'create' : 'change';
      step(kind, subject, { type: 'take-documents', policy }, to('documents of', `+ ${missing.join(', ')}`));
    }
  }
}
