import type { MethodKey } from '../wire/method-ref.js';
import { utf8Bytes } from '../wire/wire.js';

interface Slot<T> {
  value: T;
  service: Uint8Array;
  method: Uint8Array;
}

/** Finds the method that a request names, by the bytes of its names, so that no strings are made for each call. */
export class MethodTable<T extends MethodKey> {
  readonly #slots = new Map<number, Slot<T>[]>();
  readonly #services = new Set<string>();

  /** Adds a method. @throws {Error} when one of that name is there */
  add(value: T): void {
    const slot = { value, service: utf8Bytes(value.service), method: utf8Bytes(value.method) };
    const { service, method } = slot;
    if (this.find(service, 0, service.length, method, 0, method.length)) {
      throw new Error(`method ${value.service}/${value.method} is registered twice`);
    }
    const hash = hashOf(service, 0, service.length, method, 0, method.length);
    const slots = this.#slots.get(hash);
    if (slots) slots.push(slot);
    else this.#slots.set(hash, [slot]);
    this.#services.add(value.service);
  }

  /** The method that was added first; undefined when there is none. */
  get first(): T | undefined {
    for (const [slot] of this.#slots.values()) return slot?.value;
    return undefined;
  }

  /** True when a method of `service` is registered. */
  hasService(service: string): boolean {
    return this.#services.has(service);
  }

  /** The method of these names, each given as a range of a buffer. */
  find(
    serviceBuf: Uint8Array,
    serviceStart: number,
    serviceEnd: number,
    methodBuf: Uint8Array,
    methodStart: number,
    methodEnd: number,
  ): T | undefined {
    const slots = this.#slots.get(hashOf(serviceBuf, serviceStart, serviceEnd, methodBuf, methodStart, methodEnd));
    if (!slots) return undefined;
    for (const slot of slots) {
      if (
        same(slot.method, methodBuf, methodStart, methodEnd) &&
        same(slot.service, serviceBuf, serviceStart, serviceEnd)
      ) {
        return slot.value;
      }
    }
    return undefined;
  }
}

// FNV-1a, over the method first: it tells more apart than the service.
function hashOf(
  serviceBuf: Uint8Array,
  serviceStart: number,
  serviceEnd: number,
  methodBuf: Uint8Array,
  methodStart: number,
  methodEnd: number,
): number {
  let hash = 0x811c9dc5;
  for (let at = methodStart; at < methodEnd; at++) hash = Math.imul(hash ^ (methodBuf[at] as number), 0x01000193);
  for (let at = serviceStart; at < serviceEnd; at++) hash = Math.imul(hash ^ (serviceBuf[at] as number), 0x01000193);
  return hash;
}

function same(name: Uint8Array, buf: Uint8Array, start: number, end: number): boolean {
  const { length } = name;
  if (end - start !== length) return false;
  for (let at = 0; at < length; at++) if (name[at] !== buf[start + at]) return false;
  return true;
}
