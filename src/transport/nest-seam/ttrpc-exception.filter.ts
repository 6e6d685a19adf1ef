import { Catch, Inject, Optional, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { ApplicationConfig, BaseExceptionFilter, HttpAdapterHost, ModulesContainer } from '@nestjs/core';
import { BaseRpcExceptionFilter } from '@nestjs/microservices';
import { throwError } from 'rxjs';
import { noteApplication, type Application } from './applications.js';
import { askedFilters, overhearFilters, type AskedFilters } from './asked-filters.js';
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
  readonly #application: Pick<Application, 'config' | 'adapterHost'> | undefined;
  readonly #httpAdapterHost: HttpAdapterHost | undefined;

  /** Nest injects all parameters. */
  constructor(
    @Optional() @Inject(ApplicationConfig) config?: ApplicationConfig,
    @Optional() @Inject(HttpAdapterHost) httpAdapterHost?: HttpAdapterHost,
    @Optional() @Inject(ModulesContainer) modules?: ModulesContainer,
  ) {
    this.#application = config && { config, adapterHost: httpAdapterHost };
    this.#httpAdapterHost = httpAdapterHost;
    if (config) overhearFilters(config);
    if (config && modules) noteApplication({ config, modules, adapterHost: httpAdapterHost });
  }

  // Nest reads `catch` once for each pipeline that it builds, and that is when the pipeline's global filters are known: so
  // it is read by an accessor. A class that extends this one may have a method of its own.
  static {
    Object.defineProperty(this.prototype, 'catch', {
      configurable: true,
      get(this: TtrpcExceptionFilter): ExceptionFilter['catch'] {
        const asked = askedFilters();
        return (exception: unknown, host) => this.#catch(exception, host, asked);
      },
    });
  }

  /** As {@link ExceptionFilter.catch}. */
  catch(exception: unknown, host: ArgumentsHost): unknown {
    return this.#catch(exception, host, undefined);
  }

  #catch(exception: unknown, host: ArgumentsHost, asked: AskedFilters | undefined): unknown {
    const context: unknown = host.getType() === 'rpc' ? host.getArgByIndex(1) : undefined;
    const server = context instanceof TtrpcContext ? context.server : undefined;
    const users = globalFilter(asked, this.#application, server, exception);
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
