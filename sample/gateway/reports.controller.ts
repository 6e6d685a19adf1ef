import { EventEmitter, once } from 'node:events';
import { TtrpcException, TtrpcMethod, TtrpcService, type TtrpcContext } from 'nestjs-ttrpc';
import { SERVICE } from './reports.js';

/** Tells `main.ts` when the slow report begins and stops. */
export const rendering = new EventEmitter();

/** The service behind the gateway. */
@TtrpcService(SERVICE)
export class ReportsController {
  @TtrpcMethod()
  async render({ name }: { name?: string }, { signal }: TtrpcContext) {
    if (name === undefined) throw TtrpcException.invalidArgument('a report needs a name');
    if (name !== 'slow') return { text: `the report ${name}` };
    console.log('  handler: begins to render');
    rendering.emit('begin');
    await once(signal, 'abort');
    console.log(`  handler: stops, ${(signal.reason as TtrpcException).toString()}`);
    rendering.emit('stop');
    throw signal.reason as TtrpcException;
  }
}
