import { canName, toAudienceCommand } from '../../../setup/audience-command.ts';
import type { Reach } from '../../context.ts';

/** The same fix as a `setup` command, if another client's tokens should work here. */
export function orBySetup({ caller, config }: Reach, issuedTo: unknown): string {
  const { serverUrl, realm, clientId } = caller;
  const isByAnotherName = config.audience !== undefined && !config.audience.includes(clientId);
  if (typeof issuedTo !== 'string' || !canName(issuedTo) || isByAnotherName) return '';
  return `\nOr: ${toAudienceCommand({ serverUrl, realm, clientId, callers: [issuedTo] })}`;
}
