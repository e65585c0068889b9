import { sendRaw } from './send-raw.ts';

/** An answer to a target that was sent as it is written. */
export interface Answered {
  readonly target: string;
  readonly status: number;
  readonly body: string;
}

/** Sends targets byte for byte, several at once. */
export async function sendTargets(
  port: number,
  targets: readonly string[],
  token: string,
  headers?: Readonly<Record<string, string>>,
): Promise<readonly Answered[]> {
  const waiting = targets.values();
  const answered: Answered[] = [];
  const work = async () => {
    for (const target of waiting) answered.push({ target, ...(await sendRaw(port, target, token, headers)) });
  };
  await Promise.all(Array.from({ length: 8 }, work));
  return answered;
}
