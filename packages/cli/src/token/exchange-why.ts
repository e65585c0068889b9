import { explainExchange } from '../admin/service.ts';
import { readOptions } from '../settings/read-options.ts';
import { toAudienceCommand } from '../setup/audience-command.ts';
import { openVisit, REALM_OPTIONS, readVisit } from '../setup/visit.ts';
import { type Output, toMark, toPlainLine, toShellWord } from '../terminal/output.ts';
import { EXCHANGE } from './options.ts';

/**
 * Says whether an application gets a token for another service in the name of a user, and why not. Resolves to the exit code: 0 it
 * does, 1 it does not.
 *
 * @throws {UsageError}
 */
export async function showExchange(
  args: string[],
  environment: NodeJS.ProcessEnv,
  out: Output,
): Promise<number> {
  const help = 'token --help names all options';
  const reading = await readOptions(args, { ...REALM_OPTIONS, ...EXCHANGE }, environment, { help });
  const { for: audience = '', user: username = '' } = reading.flags;
  const problems = [
    ...(audience === ''
      ? ['--for needs the client id of the service that is called, for example orders']
      : []),
    ...(username === '' ? ['--user needs the name of the user whose token is exchanged'] : []),
  ];
  const visit = await readVisit(reading, out, problems);
  const { api, serverUrl, realm, clientId } = await openVisit(visit, out, false);
  const findings = await explainExchange(api, { realm, clientId, audience, username });
  const isGood = findings.every((one) => one.isGood);
  const title = toPlainLine(`${clientId}, on behalf of ${username}: a token for ${audience}`);
  out.line(`${toMark(out, isGood)} ${out.paint('bold', title)} ${isGood ? 'is exchanged' : 'is refused'}`);
  const commands = {
    service: `npx keycloak-guard setup service --client-id ${toShellWord(clientId)} --calls ${toShellWord(audience)} --url ${toShellWord(serverUrl)} --realm ${toShellWord(realm)}`,
    audience: toAudienceCommand({ serverUrl, realm, clientId, callers: ['<caller>'] }),
  };
  for (const [index, one] of findings.entries()) {
    const branch = index === findings.length - 1 ? '└' : '├';
    out.line(`  ${branch} ${toMark(out, one.isGood)} ${toPlainLine(one.what)}`);
  }
  for (const fix of new Set(findings.map((one) => one.fix))) {
    if (fix !== undefined)
      out.line(toPlainLine(`To fix it: ${fix in commands ? commands[fix as 'service'] : fix}`));
  }
  return isGood ? 0 : 1;
}
