export const TYPESCRIPT_ANYWHERE: readonly string[];
export const TYPESCRIPT: readonly string[];
