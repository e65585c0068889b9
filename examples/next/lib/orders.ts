export interface Order {
  readonly id: number;
  readonly owner: string | null;
  readonly item: string;
}

export const orders: Order[] = [];
