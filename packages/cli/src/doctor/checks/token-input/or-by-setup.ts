import { canName, toAudienceCommand } from '../../../setup/audience-command.ts';
import type { Reach } from '../../context.ts';

/** The same as a command, where another client of the realm is to get tokens for this one. */
export function orBySetup({ caller, config }: Reach, issuedTo: unknown): string {
  const { serverUrl, realm, clientId } = caller;
  const isByAnotherName = config.audience !== undefined && !config.audience.includes(clientId);
  if (typeof issuedTo !== 'string' || !canName(issuedTo) || isByAnotherName) return '';
  return `\nOr: ${toAudienceCommand({ serverUrl, realm, clientId, callers: [issuedTo] })}`;
}
