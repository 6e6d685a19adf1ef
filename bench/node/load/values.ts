import { newBody, newText, type Echo, type Order } from '../messages.js';

/** `text` for peers that speak JSON. */
export type BodyKind = 'bytes' | 'text';

/** What goes into requests and must come back: each request of a driver has a value of its own. */
export class Values {
  /** Not 0, which protobuf leaves out. */
  #next = 1;

  constructor(private readonly kind: BodyKind) {}

  /** The first of `count` values that nobody has had. */
  take(count: number): number {
    const first = this.#next;
    this.#next += count;
    return first;
  }

  body(size: number): Uint8Array {
    // Typed as bytes also where it is text: the loads only hand it on and compare it.
    return this.kind === 'bytes' ? newBody(size) : (newText(size) as unknown as Uint8Array);
  }

  /** Throws unless the response has this value and this body. */
  checkEcho(answer: Echo, value: number, body: Uint8Array): void {
    if (answer.value === value && this.#same(answer.body, body)) return;
    throw new Error(
      `the response has value ${answer.value} and ${answer.body.length} bytes, expected ${value} and the same ${body.length} bytes`,
    );
  }

  /** With `bytes` above 0 the customer's name is a text of that size. */
  order(value: number, bytes: number): Order {
    return {
      value,
      createdAtMicros: 1_790_000_000_000_000 + value,
      priority: 2,
      customer: {
        name: bytes > 0 ? newText(bytes) : 'Ada Lovelace',
        email: 'ada@example.org',
        address: { street: "12 St James's Square", city: 'London', country: 'GB' },
      },
      items: [
        { sku: 'engine-wheel-7', quantity: 24, priceCents: 1999 },
        { sku: 'punch-card', quantity: 1000, priceCents: 2 },
        { sku: 'brass-rod-12', quantity: 12, priceCents: 5_000_000_000 },
      ],
      labels: { channel: 'letter', region: 'europe', batch: '1843-09' },
      weights: [12, -5, 30_000, 7],
      gift: true,
      discount: 0.125,
      signature: this.body(32),
    };
  }

  /** Throws unless the response equals `order`; 64-bit integers may come back in another form. */
  checkOrder(answer: Order, order: Order): void {
    const wrong = this.#difference(answer, order, 'order');
    if (wrong !== undefined) throw new Error(wrong);
  }

  #difference(got: unknown, expected: unknown, path: string): string | undefined {
    if (typeof expected !== 'object' || expected === null) {
      const same = got === expected || (typeof expected === 'number' && String(got) === String(expected));
      return same ? undefined : `${path} is ${String(got)}, expected ${JSON.stringify(expected)}`;
    }
    if (expected instanceof Uint8Array)
      return this.#same(got as Uint8Array, expected) ? undefined : `${path} has other bytes`;
    for (const key of Object.keys(expected)) {
      const wrong = this.#difference(
        (got as Record<string, unknown> | undefined)?.[key],
        (expected as Record<string, unknown>)[key],
        `${path}.${key}`,
      );
      if (wrong !== undefined) return wrong;
    }
    return undefined;
  }

  #same(got: Uint8Array, expected: Uint8Array): boolean {
    if (this.kind === 'text') return got === expected;
    return got.length === expected.length && Buffer.compare(got, expected) === 0;
  }
}
