import { findClient } from '../../admin/connection.ts';
import { coversUri, isSatisfiedBy, toOrganizationMapper, toWholeUri } from '../../admin/mappers.ts';
import { fillIn } from '../../admin/tenant/realm.ts';
import { toShellWord } from '../../terminal/output.ts';
import { type Check, check, fail, ok, skipped, warn } from '../check.ts';
import type { DoctorContext, Reach } from '../context.ts';

const MOST_MEMBERS = 200;

const about = (
  id: string,
  kind: 'organization' | 'realm',
  run: (tenant: Tenant, reach: Reach) => ReturnType<Check['run']>,
): Check =>
  check(id, ['tenant.found'], async (context) => {
    const tenant = await find(context);
    return tenant?.kind === kind
      ? run(tenant, context.reach)
      : skipped(`the tenant is not ${kind === 'realm' ? 'a realm' : 'an organization'}`);
  });

interface Tenant {
  readonly kind: 'organization' | 'realm';
  readonly name: string;
  readonly id: string;
  readonly isEnabled: boolean;
}

async function find({ options, reach }: DoctorContext): Promise<Tenant | undefined> {
  const { admin, caller } = reach;
  const name = options.tenant;
  if (admin === null || name === undefined) return undefined;
  const { api } = await admin.connection();
  const all = await api.organizations.find({ realm: caller.realm, search: name }).catch(() => []);
  const one = all.find(({ alias, name: title }) => alias === name || title === name);
  if (one !== undefined)
    return {
      kind: 'organization',
      name: one.alias ?? name,
      id: one.id ?? '',
      isEnabled: one.enabled !== false,
    };
  const realm = await api.realms.findOne({ realm: name }).catch(() => undefined);
  return realm ? { kind: 'realm', name, id: '', isEnabled: realm.enabled !== false } : undefined;
}

/** Checks of one tenant (`--tenant NAME`): an organization of the realm, or a separate realm. */
export const TENANT_CHECKS: readonly Check[] = [
  check('tenant.found', ['admin.rights'], async (context) => {
    const { options, reach } = context;
    const tenant = await find(context);
    if (tenant !== undefined)
      return ok(
        `${tenant.name} is ${tenant.kind === 'realm' ? 'a realm' : `an organization of the realm ${reach.caller.realm}`}`,
      );
    const settings = await reach.admin?.realm();
    return fail(
      `nothing is called ${options.tenant}`,
      `there is neither an organization ${options.tenant} in the realm '${reach.caller.realm}'${settings?.organizationsEnabled === true ? '' : ' (organizations are off there)'}, nor a realm of that name (the case of the letters counts)`,
      'Organizations > Create organization, or the realm of the customer. KEYCLOAK_REALM is the realm of the organizations.',
    );
  }),
  about('tenant.organization', 'organization', async ({ name, isEnabled }) =>
    isEnabled
      ? ok('enabled')
      : fail(
          'disabled',
          `the organization ${name} is disabled: its members sign in, and no token names it`,
          `Organizations > ${name} > Enabled ON`,
        ),
  ),
  about('tenant.scope', 'organization', async ({ name }, reach) => {
    const { admin, caller } = reach;
    const client = await admin?.client();
    const where = `Clients > ${caller.clientId} > Client scopes`;
    const isDefault = client?.defaultClientScopes?.includes('organization') === true;
    if (!isDefault && client?.optionalClientScopes?.includes('organization') !== true)
      return fail(
        `'${caller.clientId}' has no scope 'organization'`,
        'tokens of the client never name an organization',
        `${where} > Add client scope > organization > Optional, and ask for scope=organization:${name} (or organization:*) at login`,
      );
    if (!(await namesOrganizations(reach)))
      return fail(
        "no mapper 'Organization Membership'",
        'the client scope organization has no mapper that puts it into access tokens',
        `Client scopes > organization > Mappers > Add mapper > Organization Membership (npx keycloak-guard setup api --organizations)`,
      );
    return isDefault
      ? ok('Default')
      : ok(`Optional: named where scope=organization:${name} or organization:* is asked for`);
  }),
  about('tenant.members', 'organization', async ({ id, name }, { admin, caller }) => {
    if (admin === null) return skipped('no admin');
    const { api } = await admin.connection();
    const { realm } = caller;
    const members = await api.organizations.listMembers({ realm, orgId: id, max: MOST_MEMBERS });
    if (members.length === 0)
      return warn(
        'no members',
        `nobody is a member of ${name}`,
        `Organizations > ${name} > Members > Add member`,
      );
    const several: string[] = [];
    for (const { id: userId = '', username = '' } of members) {
      if ((await api.organizations.memberOrganizations({ realm, userId })).length > 1) several.push(username);
    }
    const all = members.length < MOST_MEMBERS ? members.length : `the first ${MOST_MEMBERS}`;
    if (several.length === 0) return ok(`${all} members, of this organization alone`);
    return warn(
      `${several.length} of ${all} members are in several organizations: ${several.slice(0, 5).join(', ')}`,
      "for them the scope 'organization' alone names none with a password grant, and asks in a browser: guards of this organization then refuse them",
      `Ask for scope=organization:${name} at login, or organization:* and let the guard choose`,
    );
  }),
  about('tenant.realm', 'realm', async ({ name, isEnabled }, { admin, caller }) => {
    if (admin === null) return skipped('no admin');
    if (!isEnabled)
      return fail(
        'disabled',
        `the realm ${name} is disabled: nobody signs in`,
        'Realm settings > Enabled ON',
      );
    const { api } = await admin.connection();
    const { clientId } = caller;
    const client = await findClient(api, name, clientId);
    const fix = `npx keycloak-guard setup tenant ${toShellWord(name)} --template ${toShellWord(caller.realm)}, which shows what else it lacks`;
    if (client === undefined)
      return fail(
        `no client '${clientId}'`,
        `the realm ${name} has no client '${clientId}', which the realm '${caller.realm}' has: its users cannot sign in`,
        fix,
      );
    if (client.enabled === false)
      return fail(
        'client disabled',
        `the client '${clientId}' of the realm ${name} is disabled: its users cannot sign in`,
        `In that realm: Clients > ${clientId} > Enabled ON`,
      );
    const { redirectUris = [], rootUrl } = client;
    const own = fillIn(await admin.client(), name);
    const wanted = (own?.redirectUris ?? []).map((uri) => toWholeUri(uri, own?.rootUrl));
    const missing = wanted.filter((uri) => !coversUri(redirectUris, rootUrl, uri));
    if (missing.length === 0) return ok('enabled');
    return warn(
      `redirect URIs: ${redirectUris.join(', ') || 'none'}`,
      `the client '${clientId}' of the realm ${name} lacks redirect URIs that it has in the realm '${caller.realm}': ${missing.join(', ')}. Sign-ins do not come back there`,
      fix,
    );
  }),
];

async function namesOrganizations({ admin, caller: { realm } }: Reach): Promise<boolean> {
  if (admin === null) return true;
  const { api } = await admin.connection();
  const scope = (await api.clientScopes.find({ realm })).find(({ name }) => name === 'organization');
  return (scope?.protocolMappers ?? []).some((one) => isSatisfiedBy(one, toOrganizationMapper()));
}
