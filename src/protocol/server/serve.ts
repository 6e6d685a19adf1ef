import type { Duplex } from 'node:stream';
import { describe } from '../core/describe.js';
import { warnOfOptions } from '../core/option-names.js';
import { isDuplex } from '../socket/duplex.js';
import type { ErrorExposure } from '../core/errors.js';
import type { ServiceImplementation } from './implement.js';
import { SERVE_OPTIONS } from './option-names.js';
import { rawMethod, type RawServices } from './raw-handler.js';
import type { ServerStats } from './refusals.js';
import { ServerCore, type ServerCoreOptions } from './server.js';
import type { CloseOptions } from './server-options.js';

/** A server of the raw engine. */
export interface RawServer {
  /** The bound addresses; empty for a Duplex. */
  readonly addresses: string[];
  /** Open connections. */
  readonly connectionCount: number;
  /** What is open, held and was refused. */
  readonly stats: ServerStats;
  /**
   * Accepts nothing more, refuses new calls with UNAVAILABLE, lets calls in flight finish for `gracePeriodMs` (default
   * 0), then ends them with UNAVAILABLE. Resolves when no socket is left, at most a second after that. A second call waits
   * for the first. Rejects with a RangeError for an invalid grace period.
   */
  close(options?: CloseOptions): Promise<void>;
}

/**
 * Serves raw methods, bytes in and bytes out, or typed services (see `implement`) on an address (see `parseAddress`) or on
 * one Duplex.
 * A TtrpcError that a handler throws is the call's status; any other error is UNKNOWN, without its message.
 * A Duplex is ended when the server closes: its `end()` must tell the other end (`final` of one of your own), which has a
 * second to end, too; without a `final` it is destroyed once it has taken what was written.
 * Rejects with a TtrpcError that names the address when it cannot be bound.
 */
export async function serve(
  target: string | Duplex,
  services: RawServices | readonly ServiceImplementation[],
  options: ServerCoreOptions & ErrorExposure = {},
): Promise<RawServer> {
  if (typeof target !== 'string' && !isDuplex(target)) {
    throw new TypeError(`expected an address or a Duplex to serve, got ${describe(target)}`);
  }
  if (typeof services !== 'object' || (services as unknown) === null) {
    throw new TypeError(
      `expected a table of services, or a list of what implement() gives, to serve; got ${describe(services)}`,
    );
  }
  warnOfOptions('serve', options, SERVE_OPTIONS);
  const core = new ServerCore(options);
  if (Array.isArray(services)) {
    for (const service of services as readonly ServiceImplementation[]) {
      if (typeof service?.methods !== 'function') {
        throw new TypeError(`expected what implement() gives in the list of services, got ${describe(service)}`);
      }
      for (const method of service.methods(options.exposeErrors)) core.methods.add(method);
    }
  } else {
    for (const [service, methods] of Object.entries(services as RawServices)) {
      for (const [name, method] of Object.entries(methods))
        core.methods.add(rawMethod(service, name, method, options.exposeErrors));
    }
  }
  if (typeof target === 'string') await core.listen([target]);
  else core.accept(target, 'duplex');
  return core;
}
