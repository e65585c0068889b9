export function reporters(failedFiles: string): string[];
export function filesToTryAgain(failedFiles: string, most: number): string[];
