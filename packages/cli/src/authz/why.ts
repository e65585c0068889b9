import { type AdminConnection, type Answer, askWhy, type Reason, readAuthz } from '../admin/index.ts';
import type { Output } from '../terminal/output.ts';
import { toPlainLine } from '../terminal/style.ts';
import type { AuthzOptions } from './options.ts';

/** Shows how Keycloak decides about a user. Resolves to the exit code: 0 granted, 1 denied. */
export async function showWhy(
  api: AdminConnection['api'],
  { username, permission, realm, clientId }: AuthzOptions,
  out: Output,
): Promise<number> {
  const at = permission.indexOf('#');
  const asked =
    at < 0
      ? { resource: permission, scope: undefined }
      : { resource: permission.slice(0, at), scope: permission.slice(at + 1) || undefined };
  out.progress('asking Keycloak');
  const state = await readAuthz(api, realm, clientId);
  const answer = await askWhy(api, state, username, asked);
  const isGranted = answer.isGranted;
  const verdict = isGranted ? out.paint('green', 'is granted') : out.paint('red', 'is denied');
  out.line(
    `${mark(out, isGranted)} ${out.paint('bold', toPlainLine(`${username}: ${permission}`))} ${verdict}`,
  );
  out.line(out.paint('dim', `  ${explain(answer)}`));
  showTree(out, answer.reasons, '  ');
  const lacks = [...new Set(answer.reasons.filter(({ isPermit }) => !isPermit).flatMap(lacksOf))];
  if (!isGranted && lacks.length > 0)
    out.line(`${toPlainLine(username)} is not, or lacks: ${toPlainLine(lacks.join('; '))}`);
  return isGranted ? 0 : 1;
}

function explain({ mode, strategy, reasons }: Answer): string {
  if (mode === 'DISABLED') return 'The policy enforcement is DISABLED: everything is granted to everybody.';
  if (reasons.length === 0)
    return mode === 'PERMISSIVE'
      ? 'No permission is about it, and the policy enforcement is PERMISSIVE: that is granted to everybody.'
      : 'No permission is about it, and what no permission is about is denied.';
  if (reasons.length === 1) return 'One permission is about it:';
  return `${reasons.length} permissions are about it; ${strategy === 'AFFIRMATIVE' ? 'one of them has' : 'all of them have'} to permit (${strategy}):`;
}

function showTree(out: Output, reasons: readonly Reason[], indent: string): void {
  for (const [index, reason] of reasons.entries()) {
    const isLast = index === reasons.length - 1;
    const { isPermit, what, name, findings, parts } = reason;
    const seen = findings.map(({ text, has }) => {
      const words = toPlainLine(text);
      return has === false ? out.paint('red', `${words}: no`) : has ? `${words}: yes` : words;
    });
    const rest = seen.length > 0 ? out.paint('dim', ' · ') + seen.join(', ') : '';
    out.line(
      `${indent}${isLast ? '└' : '├'} ${mark(out, isPermit)} ${what} ${toPlainLine(JSON.stringify(name))}${rest}`,
    );
    showTree(out, parts, `${indent}${isLast ? ' ' : '│'} `);
  }
}

function mark({ paint }: Output, isPermit: boolean | undefined): string {
  return isPermit === undefined ? paint('dim', '?') : isPermit ? paint('green', '✓') : paint('red', '✗');
}

/** What the user lacks for the policies that deny. */
function lacksOf({ isPermit, isNegative, findings, parts }: Reason): string[] {
  // A negative policy denies because of something that the user has.
  if (isPermit === true || isNegative) return [];
  return [...findings.flatMap(({ has, text }) => (has === false ? [text] : [])), ...parts.flatMap(lacksOf)];
}
