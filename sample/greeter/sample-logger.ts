import { ConsoleLogger } from '@nestjs/common';

/** Nest's logger with the sample's own lines only, in the form in which they read well; warnings and errors are as ever. */
export class SampleLogger extends ConsoleLogger {
  /** Shows what the context `shown` logs, with `name` in front. */
  constructor(
    private readonly name: string,
    private readonly shown?: string,
  ) {
    super({ logLevels: ['log', 'warn', 'error', 'fatal'] });
  }

  override log(message: unknown, ...rest: unknown[]): void {
    if (rest.at(-1) === this.shown) console.log(`      ${this.name}: ${String(message)}`);
  }
}
