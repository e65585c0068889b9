export function reporters(failed: string): string[];
export function filesToTryAgain(failed: string, most: number): string[];
