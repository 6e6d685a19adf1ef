import { fileURLToPath } from 'node:url';
import type { SchemaOptions, TtrpcCallOptions, TtrpcStreamSource } from 'nestjs-ttrpc';
import type { Observable } from 'rxjs';

/** What server and client must agree on: the .proto file and how its messages look in JavaScript. */
export const schema: SchemaOptions = {
  protoPath: fileURLToPath(new URL('greeter.proto', import.meta.url)),
  loader: { defaults: true },
};

/** The service's qualified name. */
export const GREETER = 'demo.v1.Greeter';

export interface HelloRequest {
  name: string;
}

export interface HelloReply {
  message: string;
}

export interface CountdownRequest {
  from: number;
  intervalMs: number;
}

export interface Tick {
  left: number;
}

export interface Part {
  number: number;
}

export interface Total {
  sum: number;
  count: number;
}

export interface Line {
  text: string;
}

export interface BadRequest {
  fieldViolations: { field: string; description: string }[];
}

/** The service for callers who like Observables. */
export interface GreeterClient {
  sayHello(request: HelloRequest, options?: TtrpcCallOptions): Observable<HelloReply>;
  countdown(request: CountdownRequest, options?: TtrpcCallOptions): Observable<Tick>;
  sum(parts: TtrpcStreamSource<Part>, options?: TtrpcCallOptions): Observable<Total>;
  chat(lines: TtrpcStreamSource<Line>, options?: TtrpcCallOptions): Observable<Line>;
}

/** The service for callers who like promises and `for await`. */
export interface GreeterAsyncClient {
  sayHello(request: HelloRequest, options?: TtrpcCallOptions): Promise<HelloReply>;
  countdown(request: CountdownRequest, options?: TtrpcCallOptions): AsyncIterable<Tick>;
  sum(parts: TtrpcStreamSource<Part>, options?: TtrpcCallOptions): Promise<Total>;
  chat(lines: TtrpcStreamSource<Line>, options?: TtrpcCallOptions): AsyncIterable<Line>;
}
