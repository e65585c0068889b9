export const TYPESCRIPT: readonly string[];
