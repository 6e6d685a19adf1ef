import { Catch, Inject, Optional, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { ApplicationConfig, BaseExceptionFilter, HttpAdapterHost, ModulesContainer } from '@nestjs/core';
import { BaseRpcExceptionFilter } from '@nestjs/microservices';
import { throwError } from 'rxjs';
import { noteApplication } from './applications.js';
import { globalFilter } from './global-filters.js';
import { TtrpcContext } from '../call/ttrpc-context.js';

/**
 * Lets an exception through to the server, which maps it to a status; Nest's own filter hides HttpExceptions before that.
 * `@TtrpcMethod` puts it on the handler's class, behind all filters of the application: those of the method and the class
 * come first by Nest's order, the global ones because this filter looks for them. Other transports of the class keep Nest's
 * own filters.
 */
@Catch()
export class TtrpcExceptionFilter implements ExceptionFilter {
  readonly #config: ApplicationConfig | undefined;
  readonly #httpAdapterHost: HttpAdapterHost | undefined;

  /** Nest injects all parameters. */
  constructor(
    @Optional() @Inject(ApplicationConfig) config?: ApplicationConfig,
    @Optional() @Inject(HttpAdapterHost) httpAdapterHost?: HttpAdapterHost,
    @Optional() @Inject(ModulesContainer) modules?: ModulesContainer,
  ) {
    this.#config = config;
    this.#httpAdapterHost = httpAdapterHost;
    if (config && modules) noteApplication({ config, modules, adapterHost: httpAdapterHost });
  }

  /** As {@link ExceptionFilter.catch}. */
  catch(exception: unknown, host: ArgumentsHost): unknown {
    const context: unknown = host.getType() === 'rpc' ? host.getArgByIndex(1) : undefined;
    const server = context instanceof TtrpcContext ? context.server : undefined;
    const config = this.#config;
    const users = config && globalFilter({ config, adapterHost: this.#httpAdapterHost }, server, exception);
    if (users) return users.catch(exception, host);
    if (server) return throwError(() => exception);
    switch (host.getType()) {
      case 'rpc':
        return new BaseRpcExceptionFilter().catch(exception, host);
      case 'http':
        new BaseExceptionFilter(this.#httpAdapterHost?.httpAdapter).catch(exception, host);
        return undefined;
      default:
        throw exception;
    }
  }
}
