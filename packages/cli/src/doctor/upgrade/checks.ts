import { type Check, check, fail, failOn, ok, skipped, warn } from '../check.ts';
import type { DoctorContext } from '../context.ts';
import { CHANGES, type Change, GUIDE, KNOWN, type RealmFacts, toSource, UNSEEN } from './changes.ts';

const MOST_NAMES = 6;

function toCheck({ id, since, breaks, fix, source, meets, isQuiet }: Change): Check {
  return check(`upgrade.${id}`, ['upgrade.version'], async (context) => {
    const { realm, way } = await look(context);
    if (!way(since)) return skipped('not on this way');
    const affected = meets(realm);
    if (affected.length === 0) return ok(`${since}: nothing here`);
    const more = affected.length > MOST_NAMES ? ` and ${affected.length - MOST_NAMES} more` : '';
    const seen = `${since}: ${affected.slice(0, MOST_NAMES).join(', ')}${more}`;
    return (isQuiet ? warn : fail)(seen, `from ${since} on ${breaks}`, `${fix}\n${toSource(source)}`);
  });
}

async function look({
  upgrade,
}: DoctorContext): Promise<{ realm: RealmFacts; to: string; way: (since: string) => boolean }> {
  if (upgrade === undefined) throw new Error('no version was named');
  const realm = await upgrade.facts();
  const to = toKnown(upgrade.to);
  return { realm, to, way: (since) => compare(since, realm.version ?? '0') > 0 && compare(since, to) <= 0 };
}

/** `26` and `26.7` mean the last one of them, as far as it is known. */
const toKnown = (version: string): string => (`${KNOWN.to}.`.startsWith(`${version}.`) ? KNOWN.to : version);

/** Versions by their numbers. A part that is missing is the highest: 26.7 is the last of 26.7. */
export function compare(one: string, other: string): number {
  const [left, right] = [one, other].map((text) => text.split('.').map((part) => Number.parseInt(part, 10)));
  for (let index = 0; index < 3; index++) {
    const [a = Number.POSITIVE_INFINITY, b = Number.POSITIVE_INFINITY] = [left?.[index], right?.[index]];
    if (a !== b) return a - b;
  }
  return 0;
}

export const UPGRADE_CHECKS: readonly Check[] = [
  check('upgrade.version', ['admin.rights'], async ({ upgrade }) => {
    const { version } = (await upgrade?.facts()) ?? {};
    const to = toKnown(upgrade?.to ?? '');
    if (version === undefined)
      return warn(
        `to ${to}`,
        'this admin may not see the version of Keycloak: all changes since 22 are listed',
        'Use an admin of the realm master.',
      );
    if (compare(version, to) === 0)
      return fail(version, `Keycloak is ${version} already`, 'Name a later version.');
    if (compare(version, to) > 0)
      return fail(
        `from ${version} back to ${to}`,
        `Keycloak is ${version}, which is later: Keycloak cannot go back, since the later version changed its database`,
        'Name a later version. The way back is a backup of the database from before the upgrade.',
      );
    return ok(`from ${version} to ${to}`);
  }),
  ...CHANGES.map(toCheck),
  check('upgrade.known', ['upgrade.version'], async (context) => {
    const { realm, to } = await look(context);
    const seen = `changes are known from ${KNOWN.from} to ${KNOWN.to}`;
    const say = failOn(seen);
    const fix = `Read the chapters of the missing versions in the upgrading guide. Perhaps a newer keycloak-guard knows them.\n${GUIDE}`;
    if (compare(to, KNOWN.to) > 0)
      return say(
        `this doctor knows nothing of versions after ${KNOWN.to}, nor whether there is a ${to}`,
        fix,
      );
    if (realm.version !== undefined && compare(realm.version, KNOWN.from) < 0)
      return say(`this Keycloak is ${realm.version}: changes before ${KNOWN.from} were not looked for`, fix);
    if (realm.unread.length > 0)
      return warn(
        `not read: ${realm.unread.join(', ')}`,
        'this admin may not see all of the realm: a ✓ above does not speak of what was not read',
        'Use an admin with view-realm, view-clients, view-authorization and view-identity-providers of realm-management.',
      );
    return ok(seen);
  }),
  check('upgrade.unseen', ['upgrade.version'], async (context) => {
    const { way } = await look(context);
    const those = UNSEEN.filter(([since]) => way(since));
    if (those.length === 0) return ok('nothing else on this way');
    return warn(
      `${those.length} changes that no realm shows`,
      'they are in the settings of Keycloak, or in how it is called',
      those
        .map(([since, what]) => `${since}: ${what}`)
        .join('\n')
        .concat(`\n${toSource('all versions')}`),
    );
  }),
];
