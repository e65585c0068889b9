import { existsSync } from 'node:fs';
import { createNeed } from '../../access/access.ts';
import { type CredentialState, planCredential } from '../../admin/credential.ts';
import { joinParts, type Plan } from '../../admin/plan/step.ts';
import { runPlan, showSteps, toFilePart } from '../../plan/run-plan.ts';
import { table, toHelp } from '../../settings/options.ts';
import { UsageError } from '../../settings/usage-error.ts';
import { type Output, toPlainLine, toShellWord } from '../../terminal/output.ts';
import type { Questions } from '../../terminal/questions.ts';
import { toSettings } from '../api/env-plan.ts';
import { hasSecret } from '../api/options.ts';
import type { ChosenCredential } from '../credential.ts';
import { needClientId, needRealm, type RealmVisit } from '../visit.ts';
import { type HandOverTarget, notImported, toKcadmPage, toPartialImport } from './kcadm.ts';

/** For kinds that can be handed over. */
export const HAND_OVER = table(`
--plan-for-admin <file> | | call no Keycloak: write what an administrator has to do, as lines of kcadm.sh, and beside it the same for a partial import (<file>.json). No secret is in either
`);
export const HAND_OVER_HELP = toHelp(HAND_OVER, 'Without an admin');

/** Options about what is to be made. The others are about a user, an admin, what Keycloak has, or files with settings. */
const IN_PLAN =
  'plan-for-admin url realm client-id env no-env no-user dry-run yes app redirect-uri backchannel-url calls role client-role group scope organizations organization-groups from dev-caller credential key-file service-account issuer'.split(
    ' ',
  );

/** @throws {UsageError} naming the options that a plan for somebody else cannot hold */
export function assertInPlan(flags: object): void {
  const others = Object.keys(flags).filter((name) => !IN_PLAN.includes(name));
  if (others.length === 0) return;
  const names = others.map((name) => `--${name}`).join(', ');
  throw new UsageError([
    `--plan-for-admin cannot hold ${names}: leave that out, and let an administrator run setup with it, once the client is there`,
  ]);
}

/** A new client in a realm that knows no cluster: the lines for it find out by themselves what is there. */
const NEW_CLIENT: CredentialState = {
  client: undefined,
  authenticators: ['client-secret', 'client-jwt', 'federated-jwt'],
  providers: [],
  others: [],
};

/** Names the realm and the client of a plan for an administrator, without a call. */
export async function openHandOver({
  access,
  clientId: known,
  yes,
  questions,
}: RealmVisit): Promise<HandOverTarget> {
  const need = createNeed(questions);
  const realm = await needRealm(access, yes, need);
  const clientId = await needClientId(known, yes, need);
  need.assertAll();
  return { serverUrl: access.serverUrl, realm, clientId };
}

/** What is handed over. */
export interface HandOver {
  /** The realm, and the client that the plan is about. */
  readonly target: HandOverTarget;
  readonly plan: Plan;
  readonly credential?: ChosenCredential | undefined;
  /** What the application is to be told, once it is done. Default: its settings. */
  readonly lines?: readonly string[];
}

/**
 * Writes what an administrator has to do. Resolves to the exit code.
 *
 * @throws {UsageError} where a file is there, and nobody can be asked
 */
export async function handOver(
  file: string,
  { target, plan, credential, lines = toSettingLines(target, credential) }: HandOver,
  { yes, dryRun }: { readonly yes: boolean; readonly dryRun: boolean },
  out: Output,
  questions: Questions | undefined,
): Promise<number> {
  const { realm, clientId } = target;
  const whole = joinParts([
    plan,
    ...(credential ? [planCredential(NEW_CLIENT, clientId, credential.goal)] : []),
  ]);
  const importFile = `${file}.json`;
  const there = [file, importFile].filter((one) => existsSync(one));
  if (there.length > 0 && !yes && questions === undefined)
    throw new UsageError([`${there.join(' and ')} is there already: give --yes to replace it`]);
  const json = `${JSON.stringify(toPartialImport(whole, clientId), null, 2)}\n`;
  const toPart = (name: string, what: string, content: string) =>
    toFilePart(name, [{ field: 'For an administrator', from: '', to: what }], () => content, {
      isNew: !there.includes(name),
    });
  const parts = [
    ...(credential === undefined ? [] : [credential.part]),
    await toPart(file, 'lines of kcadm.sh', toKcadmPage(target, whole)),
    await toPart(importFile, 'the same for a partial import', json),
  ];
  out.line(toPlainLine(`To be done in the realm ${realm}, by an administrator`));
  showSteps(out, whole);
  if (whole.blocked.length > 0) return 1;
  const { what, code } = await runPlan(
    parts,
    { dryRun, yes: yes || questions === undefined },
    out,
    questions,
  );
  if (what !== 'applied') return code;
  out.line(`The administrator runs ${toShellWord(file)}, or imports ${toShellWord(importFile)}. Then:`);
  for (const line of lines) out.line(`  ${toPlainLine(line)}`);
  const missing = [...new Set(notImported(whole))];
  if (missing.length > 0) out.line(toPlainLine(`${importFile} cannot hold: ${missing.join(', ')}`));
  return code;
}

function toSettingLines(
  { serverUrl = '<address of Keycloak>', realm, clientId }: HandOverTarget,
  credential: ChosenCredential | undefined,
): string[] {
  const secret = hasSecret({ credential, provenBy: undefined }) ? '<from the administrator>' : undefined;
  const settings = toSettings(serverUrl, { realm, clientId }, secret, credential);
  const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}`);
  return [...lines, 'npx keycloak-guard doctor'];
}
