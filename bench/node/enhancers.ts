import type { CallHandler, CanActivate, ExecutionContext, NestInterceptor, PipeTransform } from '@nestjs/common';
import { Injectable } from '@nestjs/common';
import { tap, type Observable } from 'rxjs';
import type { Echo } from './messages.js';

/** What stands before and around `Guarded` in the Nest peers: small, but none of them does nothing. */
@Injectable()
export class BenchGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    return context.switchToRpc().getData<Echo>().value >= 0;
  }
}

/** Refuses a body without end. */
@Injectable()
export class BenchPipe implements PipeTransform<unknown> {
  transform(value: unknown): unknown {
    if (typeof value !== 'object' || value === null) throw new TypeError('expected a message');
    return value;
  }
}

/** Counts answers. */
@Injectable()
export class BenchInterceptor implements NestInterceptor {
  answers = 0;

  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(tap(() => this.answers++));
  }
}
