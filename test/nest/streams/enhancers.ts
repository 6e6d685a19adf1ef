import {
  Catch,
  Injectable,
  Scope,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
  type CallHandler,
  type CanActivate,
  type ExceptionFilter,
  type ExecutionContext,
  type NestInterceptor,
  type PipeTransform,
} from '@nestjs/common';
import { throwError, type Observable } from 'rxjs';
import { turns } from '../../support/deferred.js';

/** So many turns an enhancer takes: more than several messages need to come in. */
const A_WHILE = 30;

@Injectable()
class SlowGuard implements CanActivate {
  async canActivate(): Promise<boolean> {
    await turns(A_WHILE);
    return true;
  }
}

@Injectable()
class SlowInterceptor implements NestInterceptor {
  async intercept(_context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    await turns(A_WHILE);
    return next.handle();
  }
}

@Injectable()
class SlowPipe implements PipeTransform {
  async transform(value: unknown): Promise<unknown> {
    await turns(A_WHILE);
    return value;
  }
}

@Catch()
class Filter implements ExceptionFilter {
  catch(exception: unknown): unknown {
    return throwError(() => exception);
  }
}

/** What can stand before a handler. */
export interface Enhancer {
  readonly name: string;
  readonly decorators: readonly ClassDecorator[];
  readonly scope?: Scope;
}

const guard = UseGuards(SlowGuard);
const interceptor = UseInterceptors(SlowInterceptor);
const pipe = UsePipes(SlowPipe);
const filter = UseFilters(Filter);

/** Each kind of enhancer, and all of them. */
export const ENHANCERS: readonly Enhancer[] = [
  { name: 'nothing', decorators: [] },
  { name: 'guard', decorators: [guard] },
  { name: 'interceptor', decorators: [interceptor] },
  { name: 'pipe', decorators: [pipe] },
  { name: 'filter', decorators: [filter] },
  { name: 'request scope', decorators: [], scope: Scope.REQUEST },
  { name: 'all of these', decorators: [guard, interceptor, pipe, filter], scope: Scope.REQUEST },
];
