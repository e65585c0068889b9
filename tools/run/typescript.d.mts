export const TSX: readonly string[];
export const TYPESCRIPT: readonly string[];
