import { Inject, Injectable } from '@nestjs/common';
import { InjectTtrpcService, TtrpcClient } from 'nestjs-ttrpc';
import { firstValueFrom, lastValueFrom, of, toArray } from 'rxjs';
import { CLIENT, GREETER, type BadRequest, type GreeterAsyncClient, type GreeterClient } from './greeter';

/** Calls the greeter by proxies that Nest injects. */
@Injectable()
export class Reception {
  constructor(
    @InjectTtrpcService(CLIENT, GREETER) readonly greeter: GreeterClient,
    @InjectTtrpcService(CLIENT, GREETER, { async: true }) readonly greeterAsync: GreeterAsyncClient,
    @Inject(CLIENT) private readonly client: TtrpcClient,
  ) {}

  async greet(name: string, greeting: string): Promise<string> {
    return (await firstValueFrom(this.greeter.sayHello({ name }, { metadata: { greeting } }))).message;
  }

  async countdown(from: number): Promise<number[]> {
    const lefts: number[] = [];
    for await (const { left } of this.greeterAsync.countdown({ from, intervalMs: 1 })) lefts.push(left);
    return lefts;
  }

  async sum(...numbers: number[]): Promise<number> {
    return (await lastValueFrom(this.greeter.sum(of(...numbers.map((number) => ({ number })))))).sum;
  }

  async chat(...texts: string[]): Promise<string[]> {
    const lines = of(...texts.map((text) => ({ text })));
    return (await lastValueFrom(this.greeter.chat(lines).pipe(toArray()))).map(({ text }) => text);
  }

  unpack(detail: { typeUrl: string; value: Uint8Array }): BadRequest {
    return this.client.unpack(detail) as BadRequest;
  }
}
