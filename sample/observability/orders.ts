import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Order {
  item?: string;
  count?: number;
}

export interface Receipt {
  id: string;
}

export interface Step {
  what: string;
}

/** The service as the gateway calls it. */
export interface OrdersClient {
  place(order: Order, options?: { timeoutMs?: number }): Promise<Receipt>;
  follow(receipt: Receipt): AsyncIterable<Step>;
}

export const PROTO = join(fileURLToPath(new URL('.', import.meta.url)), 'orders.proto');
