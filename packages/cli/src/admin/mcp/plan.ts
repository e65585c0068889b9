import { audiencesOf } from '../mappers.ts';
import {
  added,
  change,
  type DocumentPolicy,
  newPart,
  type Part,
  type Plan,
  type Step,
  toChange,
  toCreate,
} from '../plan/step.ts';
import { lacksPkce, type McpState, missingDomains, takesDocuments, toDocumentPolicies } from './current.ts';
import {
  MCP_CLIENT,
  MCP_CLIENT_ID,
  type McpGoal,
  needsOf,
  SCOPE_ATTRIBUTES,
  TRUSTED_HOSTS,
  toDefaultScope,
  toScopeMappers,
  toServerClient,
} from './goal.ts';

function planDocuments(plan: Part, { documents }: McpState, goal: McpGoal): void {
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
  if (documents.isOffered && goal.documents.length === 0 && !takesDocuments(documents))
    plan.blocked.push({
      subject: 'documents of clients',
      why: 'Keycloak says that it takes them, and no client policy does: clients that choose one get "Client not found"',
      fix: '--documents with the domain of each program that may, or start Keycloak without the feature cimd',
    });
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
  if (there?.enabled === false)
    blocked.push({
      subject,
      why: 'it is switched off',
      fix: 'Realm settings → Client policies → Policies → this one: on',
    });
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

export function planMcp(state: McpState, goal: McpGoal): Plan {
  const plan = newPart();
  planServer(plan, state, goal);
  const own = goal.scopes.filter((scope) => planScope(plan, state, goal, scope));
  planProgram(plan, state, goal, own);
  if (goal.registration) planRegistration(plan, state, goal);
  planDocuments(plan, state, goal);
  return plan;
}

function planServer({ steps, kept, blocked }: Part, { server }: McpState, goal: McpGoal): void {
  const { url } = goal;
  const subject = `client ${url}`;
  if (server === undefined) {
    const changes = [change('for', 'the MCP server, confidential')];
    steps.push(toCreate(subject, { type: 'create-client', client: toServerClient(goal) }, changes));
  } else if (server.publicClient) {
    blocked.push({
      subject,
      why: 'it is a public client, which may not ask Keycloak about tokens',
      fix: 'Clients → this client → Client authentication: on',
    });
  } else if (server.attributes?.resource_url !== url) {
    const from = String(server.attributes?.resource_url ?? '');
    const changes = [change('resource_url', url, from)];
    const attributes = { resource_url: url };
    steps.push(toChange(subject, changes, { type: 'update-client', client: url, patch: {}, attributes }));
  } else kept.push(subject);
}

/** @returns whether the scope is the server's, or becomes it */
function planScope(plan: Part, state: McpState, goal: McpGoal, name: string): boolean {
  const subject = `client scope ${name}`;
  const there = state.scopes.find((one) => one.name === name);
  const audiences = audiencesOf(there?.protocolMappers);
  const others = audiences.filter((one) => one !== goal.url);
  if (others.length > 0 || (state.byDefault.includes(name) && audiences.length === 0)) {
    const why =
      others.length > 0
        ? `its tokens are for ${others.join(', ')}: with a token for both, each server could act at the other as the person`
        : `every client of the realm has it, so that all tokens would be for ${goal.url}`;
    const fix = `choose another name, for example --scope ${toDefaultScope(goal.url)}`;
    plan.blocked.push({ subject, why, fix });
    return false;
  }
  const steps =
    there === undefined ? [toNewScope(subject, name, goal)] : completeScope(subject, name, there, goal);
  if (!state.offered.includes(name))
    steps.push({
      kind: there === undefined ? 'create' : 'change',
      subject,
      changes: [change('optional scope of the realm', '+ yes')],
      action: { type: 'offer-scope', scope: name },
    });
  plan.steps.push(...steps);
  if (steps.length === 0) plan.kept.push(subject);
  return true;
}

function toNewScope(subject: string, name: string, goal: McpGoal): Step {
  const changes = [change('audience', goal.url), change('username', 'preferred_username')];
  const own = { attributes: SCOPE_ATTRIBUTES, protocolMappers: toScopeMappers(goal) };
  const scope = { name, protocol: 'openid-connect', ...own };
  return toCreate(subject, { type: 'create-scope', scope }, changes);
}

function completeScope(
  subject: string,
  scope: string,
  there: McpState['scopes'][number],
  goal: McpGoal,
): Step[] {
  const steps: Step[] = [];
  if (there.attributes?.['include.in.token.scope'] !== SCOPE_ATTRIBUTES['include.in.token.scope']) {
    const changes = [change('include in token scope', 'true', 'false')];
    steps.push(toChange(subject, changes, { type: 'set-scope-attributes', scope }));
  }
  const [audience, username] = toScopeMappers(goal);
  const mappers = there.protocolMappers ?? [];
  if (!audiencesOf(mappers).includes(goal.url)) {
    const opens = [`clients that have the scope ${scope} already get tokens for ${goal.url}`];
    const action = { type: 'add-scope-mapper', scope, mapper: audience } as const;
    steps.push(toChange(subject, [added('audience', goal.url)], action, opens));
  }
  if (!mappers.some(({ config }) => config?.['claim.name'] === 'preferred_username')) {
    const action = { type: 'add-scope-mapper', scope, mapper: username } as const;
    steps.push(toChange(subject, [added('username', 'preferred_username')], action));
  }
  return steps;
}

function planProgram(
  { steps, kept }: Part,
  { program, programIsFor }: McpState,
  { url }: McpGoal,
  scopes: readonly string[],
): void {
  const subject = `client ${MCP_CLIENT_ID}`;
  if (program === undefined) {
    const changes = [change('for', 'programs without a secret, with PKCE, on loopback addresses')];
    steps.push(toCreate(subject, { type: 'create-client', client: MCP_CLIENT }, changes));
    return;
  }
  const has = new Set([...(program.optionalClientScopes ?? []), ...(program.defaultClientScopes ?? [])]);
  const missing = scopes.filter((scope) => !has.has(scope));
  const also =
    programIsFor.length > 0
      ? `. These tokens name ${programIsFor.join(', ')}, too: who receives them can use them there`
      : '';
  for (const scope of missing) {
    const opened = `programs that sign in as ${MCP_CLIENT_ID} can ask people for tokens for ${url}, too (${scope})${also}`;
    const action = { type: 'add-scope', scope, how: 'optional', client: MCP_CLIENT_ID } as const;
    steps.push(toChange(subject, [added('optional scopes', scope)], action, [opened]));
  }
  if (missing.length === 0) kept.push(subject);
}

const POLICY_FIX = 'Clients → Client registration → Anonymous access policies';

function planRegistration(
  { steps, kept, blocked }: Part,
  { trustedHosts, webOrigins }: McpState,
  { programs }: McpGoal,
): void {
  const subject = 'registration policy Trusted Hosts';
  const needs = needsOf(programs);
  if (trustedHosts === undefined) {
    blocked.push({
      subject,
      why: 'it was removed, and without it clients may register from anywhere',
      fix: `${POLICY_FIX} → Create: Trusted Hosts`,
    });
  } else {
    const trusted = trustedHosts.config?.['trusted-hosts'] ?? [];
    const isMissing = (host: string) => !trusted.includes(host);
    const here = TRUSTED_HOSTS.filter(isMissing);
    const elsewhere = needs.hosts.filter(isMissing);
    const hosts = [...here, ...elsewhere];
    if (hosts.length === 0) kept.push(subject);
    else {
      const opens = [
        here.length > 0 &&
          `programs on the machine of Keycloak can register clients in this realm, for all its servers (${here.join(', ')})`,
        elsewhere.length > 0 &&
          `clients that register can name pages of ${elsewhere.join(', ')}, and send people back there after a login`,
      ].filter((one) => one !== false);
      steps.push(
        toChange(subject, [added('trusted hosts', ...hosts)], { type: 'trust-hosts', hosts }, opens),
      );
    }
  }
  const allowed = webOrigins?.config?.['web-origins'] ?? [];
  const origins = needs.origins.filter((origin) => !allowed.includes(origin));
  // Keycloak before 26.5 does not have this policy, and allows every page.
  if (webOrigins === undefined || origins.length === 0) return;
  steps.push(
    toChange(
      'registration policy Allowed Registration Web Origins',
      [added('web origins', ...origins)],
      { type: 'allow-origins', origins },
      [`pages of ${origins.join(', ')} can register clients in this realm`],
    ),
  );
}
