import { describe, expect, it } from '@jest/globals';
import { UsePipes } from '@nestjs/common';
import { TtrpcMethod, TtrpcService } from 'nestjs-ttrpc';
import { bytes, Exclaiming, SEAM, SeamLab, text } from './lab.js';
import * as keys from './metadata-keys.js';

const lab = new SeamLab();

describe('the parameter stage', () => {
  /** Tells how many arguments it got: all that the server passes, or what Nest resolved for its one parameter. */
  @TtrpcService(SEAM)
  class Counting {
    @TtrpcMethod()
    ask(request: Uint8Array): Uint8Array {
      return bytes(`${text(request)} ${arguments.length}`);
    }
  }

  it('is left out where no pipe applies', async () => {
    await lab.start(Counting);
    expect(await lab.ask('hi')).toBe('hi 2');
  });

  it('runs for a global pipe that was added before listen()', async () => {
    await lab.start(Counting, {}, (microservice) => void microservice.useGlobalPipes(new Exclaiming()));
    expect(await lab.ask('hi')).toBe('hi! 1');
  });

  it('runs for a pipe of the class', async () => {
    @TtrpcService(SEAM)
    @UsePipes(Exclaiming)
    class Piped extends Counting {}
    await lab.start(Piped);
    expect(await lab.ask('hi')).toBe('hi! 1');
  });

  it('always runs with alwaysResolveParameters', async () => {
    await lab.start(Counting, { alwaysResolveParameters: true });
    expect(await lab.ask('hi')).toBe('hi 1');
  });

  it('hides nothing after the pipelines are built', async () => {
    await lab.start(Counting);
    const metadata = Reflect.getMetadata(keys.PARAMETERS, Counting, 'ask') as object;
    expect(Object.keys(metadata)).toEqual([keys.FIRST_PAYLOAD]);
  });
});
