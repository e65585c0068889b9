import { readFile } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import { toJsonObject } from 'keycloak-guard/unstable';
import { AdminError } from '../../admin/admin-error.ts';
import { type AdminConnection, findClient, read } from '../../admin/connection.ts';
import { readMapperTypes } from '../../admin/current.ts';
import {
  type OrganizationGoal,
  planOrganization,
  readOrganization,
} from '../../admin/tenant/organization.ts';
import { clientsWithSecret, fillIn, planTenant, TEMPLATE_ATTRIBUTE } from '../../admin/tenant/realm.ts';
import { memo } from '../../keycloak/call.ts';
import { NO_PART, type PlanPart, runPlan, toFilePart, toRealmPart } from '../../plan/run-plan.ts';
import { readEnvText } from '../../settings/env-file.ts';
import { table, toHelp } from '../../settings/options.ts';
import { assertReplaceable } from '../../settings/private-file.ts';
import { UsageError } from '../../settings/usage-error.ts';
import type { Output } from '../../terminal/output.ts';
import { readOrMakeSecret, readSecret } from '../api/env-plan.ts';
import {
  openVisit,
  REALM_OPTIONS,
  readKind,
  readVisit,
  type SetupKind,
  toGroupPaths,
  toUsage,
} from '../visit.ts';
import { isWhole, wholeRule } from './callers.ts';

const NAMED = table(`
--list <file> | | file with more of them, one a line: name, then domain and user of an organization
--template <realm> | | a realm that is there, or a realm file (name.json)
--all | | all realms that were made of the template
--secrets <file> | | write the secrets of their clients into a JSON file: {"<tenant>": {"<client>": "…"}}
`);

const OF_ORGANIZATION = table(`
--organization | | an organization of the realm, in place of a realm
--domain <name>… | | domain of its members' email addresses; can be repeated
--user <name> | | user of the realm who becomes a member
--redirect-url <url> | | where Keycloak sends who accepted an invitation; {tenant} is the alias
--group <path>… | | group of the organization, for example /staff, which the user joins (Keycloak 26.6); can be repeated
--role <name> | | role of the realm that these groups have: for this organization alone; without --group, the user has it everywhere
`);

const usage = toUsage(
  `keycloak-guard setup tenant: customers of one application, by a realm or an organization each

A realm is made of a template, with its clients, roles, groups and client scopes, and with keys and secrets of its own. It
gets no users. A tenant that is there is completed: what the template has and it lacks. Nothing is taken away. In each string
of the template, {tenant} (in URIs %7Btenant%7D, as setup writes it) is the tenant's name.

Usage: keycloak-guard setup tenant <name>… --template <realm> [options]
       keycloak-guard setup tenant <name>… --organization --realm <name> [options]

  <name>                    name of the realm, or alias of the organization
${toHelp(NAMED)}`,
  toHelp(OF_ORGANIZATION),
);

type Api = AdminConnection['api'];
type Realm = Parameters<typeof planTenant>[1];

const isTenantName = (name: string): boolean =>
  /^(?!\.{1,2}$|__proto__$)[\w.~-]{1,255}$/.test(name) && name !== 'master';

async function readList(file: string | undefined): Promise<string[][]> {
  if (file === undefined) return [];
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new UsageError([`--list: ${file} cannot be read (${error.code})`]);
  });
  const lines = text.split(/\r?\n/).map((line) => line.replace(/#.*/, '').trim());
  return lines.filter(Boolean).map((line) => line.split(/[\s,]+/));
}

/** The realm as Keycloak exports it, without secrets; `undefined` if it does not exist. */
const exportRealm = (api: Api, realm: string): Promise<Realm | undefined> =>
  read(`export the realm ${realm}`, () =>
    api.realms.export({ realm, exportClients: true, exportGroupsAndRoles: true }),
  );

async function readTemplate(api: Api, template: string): Promise<Realm> {
  if (!template.endsWith('.json')) {
    const realm = await exportRealm(api, template);
    if (realm === undefined)
      throw new AdminError('missing', 404, `There is no realm ${template}: look at --template`);
    return realm;
  }
  try {
    const realm = JSON.parse(await readFile(template, 'utf8')) as Realm;
    if (typeof realm.realm === 'string') return realm;
    throw new Error('it has no "realm"');
  } catch (error) {
    throw new UsageError([`--template: ${template} is no realm file: ${(error as Error).message}`]);
  }
}

async function planRealms(api: Api, names: readonly string[], template: Realm, out: Output) {
  const parts: PlanPart[] = [];
  for (const realm of names) {
    out.progress(`reading ${realm}`);
    const plan = planTenant(await exportRealm(api, realm), template, realm);
    const title = `Tenant ${realm}, of the template ${template.realm}`;
    parts.push(toRealmPart(title, plan, api, { realm, clientId: '' }, out));
  }
  return parts;
}

async function planOrganizations(api: Api, goals: readonly OrganizationGoal[], out: Output) {
  const seen = new Set<string>();
  const keyOf = ({ action }: { readonly action: object }) => JSON.stringify(action);
  const parts: PlanPart[] = [];
  const readTypes = memo(() => readMapperTypes(api));
  for (const goal of goals) {
    out.progress(`reading ${goal.alias}`);
    const all = planOrganization(await readOrganization(api, goal, readTypes), goal);
    // A step for the realm that an earlier organization plans is done once.
    const plan = {
      ...all,
      steps: all.steps.filter((step) => !seen.has(keyOf(step)) && seen.add(keyOf(step))),
    };
    const target = { realm: goal.realm, clientId: '', user: { username: goal.username ?? '' } };
    const title = `Tenant ${goal.alias}, an organization of the realm ${goal.realm}`;
    parts.push(toRealmPart(title, plan, api, target, out));
  }
  return parts;
}

/**
 * The file with the secrets of the tenants' clients. Those of other tenants stay.
 *
 * @throws {UsageError} for a file that holds something else
 */
async function toSecretsPart(
  api: Api,
  file: string,
  names: readonly string[],
  template: Realm,
): Promise<PlanPart> {
  await assertReplaceable(file);
  const text = await readEnvText(file, true);
  const secrets = toJsonObject(text.trim() || '{}');
  if (secrets === undefined)
    throw new UsageError([`--secrets: ${file} is there, and is no JSON object: it would be lost`]);
  const readAll = async (readOne: (goal: Record<'realm' | 'clientId', string>) => Promise<unknown>) => {
    const all: [realm: string, own: object][] = [];
    for (const realm of names) {
      const own = clientsWithSecret(template).map(async (one) => {
        const clientId = fillIn(one, realm);
        return [clientId, await readOne({ realm, clientId })] as const;
      });
      all.push([realm, Object.fromEntries(await Promise.all(own))]);
    }
    return all;
  };
  const known = await readAll(async (goal) => {
    const client = await read('see the clients', () => findClient(api, goal.realm, goal.clientId));
    return readSecret(api, goal, client);
  });
  const others = known.filter(([realm, own]) => !isDeepStrictEqual(own, secrets[realm]));
  if (others.length === 0) return NO_PART;
  const isNew = text === '';
  const to = `${isNew ? '' : '+ '}${others.map(([realm]) => realm).join(', ')}`;
  const toContent = () => `${JSON.stringify(secrets, null, 2)}\n`;
  const change = { field: 'Secrets of', from: '', to };
  const part = await toFilePart(file, [change], toContent, { isNew, holds: 'holds secrets; ' });
  return {
    ...part,
    async *apply() {
      Object.assign(secrets, Object.fromEntries(await readAll((goal) => readOrMakeSecret(api, goal))));
      yield* part.apply();
    },
  };
}

export const tenant: SetupKind = {
  summary: 'tenants of one application: a realm of a template, or an organization',
  usage,
  async run(args, { environment, out }) {
    const options = { ...REALM_OPTIONS, ...NAMED, ...OF_ORGANIZATION };
    const reading = await readKind('tenant', args, options, { environment });
    const { flags, positionals } = reading;
    const rows = [...positionals.map((name) => [name]), ...(await readList(flags.list))];
    const { template, organization = false, all = false } = flags;
    const problems: string[] = [];
    if (organization === (template !== undefined))
      problems.push('setup tenant needs --template <realm>, or --organization');
    if (rows.length === 0 && !all)
      problems.push('setup tenant needs names of tenants, --list <file> or --all');
    for (const name of Object.keys(OF_ORGANIZATION))
      if (!organization && Object.hasOwn(flags, name))
        problems.push(`--${name} is for organizations: a realm has what is in its template`);
    const redirectUrl = flags['redirect-url'];
    if (!isWhole(fillIn(redirectUrl ?? 'http://localhost', 'x'))) problems.push(wholeRule('--redirect-url'));
    if (toGroupPaths(flags.group).includes('/')) problems.push('--group must be a path, for example /staff');
    if (organization && all) problems.push('--all is for realms: name organizations in a --list');
    if (rows.length > 1 && flags.domain !== undefined)
      problems.push('--domain is for one organization: several stand in a --list');
    for (const [name = ''] of rows)
      if (!isTenantName(name) || (name === template && !organization))
        problems.push(
          `'${name}' cannot be a tenant: letters, digits and . _ ~ -, and neither master nor the template`,
        );
    const visit = await readVisit(reading, out, problems, organization ? 'realm' : 'realms');
    const { api, realm, questions } = await openVisit(visit, out);
    if (organization) {
      const goals = rows.map(([alias = '', domain, username = flags.user]): OrganizationGoal => {
        const domains = [...(domain === undefined ? [] : [domain]), ...(flags.domain ?? [])];
        const own = { redirectUrl: fillIn(redirectUrl, alias), username, role: flags.role };
        return { realm, alias, domains, groups: toGroupPaths(flags.group), ...own };
      });
      return (await runPlan(await planOrganizations(api, goals, out), visit, out, questions)).code;
    }
    const templateRealm = await readTemplate(api, template ?? '');
    const made = all ? await api.realms.find() : [];
    const ofTemplate = made.filter(
      ({ realm: name = '', attributes }) =>
        attributes?.[TEMPLATE_ATTRIBUTE] === templateRealm.realm &&
        isTenantName(name) &&
        name !== templateRealm.realm,
    );
    const names = [
      ...new Set([...rows.map(([name = '']) => name), ...ofTemplate.map((one) => one.realm ?? '')]),
    ];
    const parts = [
      ...(await planRealms(api, names, templateRealm, out)),
      ...(flags.secrets === undefined ? [] : [await toSecretsPart(api, flags.secrets, names, templateRealm)]),
    ];
    return (await runPlan(parts, visit, out, questions)).code;
  },
};
