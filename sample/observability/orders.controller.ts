import { TtrpcException, TtrpcMethod, TtrpcService, TtrpcStatus, type TtrpcContext } from 'nestjs-ttrpc';
import type { Order, Receipt, Step } from './orders.js';

/** Knows nothing of metrics. */
@TtrpcService('demo.orders.v1.Orders')
export class OrdersController {
  #placed = 0;

  @TtrpcMethod()
  async place({ item = '', count = 0 }: Order, { signal }: TtrpcContext): Promise<Receipt> {
    if (count < 1) throw new TtrpcException(TtrpcStatus.INVALID_ARGUMENT, 'an order has at least one item');
    // A warehouse that does not respond.
    if (item === 'nowhere') await new Promise((resolve) => signal.addEventListener('abort', resolve));
    return { id: `order-${++this.#placed}` };
  }

  @TtrpcMethod()
  *follow({ id }: Receipt): Iterable<Step> {
    for (const what of ['packed', 'sent', 'delivered']) yield { what: `${id}: ${what}` };
  }
}
