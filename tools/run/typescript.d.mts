export const TYPESCRIPT_OF_USERS: readonly string[];
export const TYPESCRIPT_ANYWHERE: readonly string[];
export const TYPESCRIPT: readonly string[];
export function prepare(path: string): Promise<void>;
