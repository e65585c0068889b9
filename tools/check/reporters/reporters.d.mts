export function reporters(failed?: string, limitMs?: number): string[];
export function mayTryAgain(failed: number, most: number): boolean;
export function filesToTryAgain(failed: string, most: number): string[];
