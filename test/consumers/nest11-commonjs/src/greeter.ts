import { join } from 'node:path';
import type { SchemaOptions, TtrpcCallOptions, TtrpcStreamSource } from 'nestjs-ttrpc';
import type { Observable } from 'rxjs';

/** The sample's greeter.proto is copied into this project. */
export const schema: SchemaOptions = {
  protoPath: join(__dirname, '..', 'greeter.proto'),
  loader: { defaults: true },
};

export const GREETER = 'demo.v1.Greeter';
export const CLIENT = 'GREETER_CLIENT';

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

export interface GreeterClient {
  sayHello(request: { name: string }, options?: TtrpcCallOptions): Observable<{ message: string }>;
  countdown(request: { from: number; intervalMs: number }, options?: TtrpcCallOptions): Observable<Tick>;
  sum(parts: TtrpcStreamSource<Part>, options?: TtrpcCallOptions): Observable<Total>;
  chat(lines: TtrpcStreamSource<Line>, options?: TtrpcCallOptions): Observable<Line>;
}

export interface GreeterAsyncClient {
  sayHello(request: { name: string }, options?: TtrpcCallOptions): Promise<{ message: string }>;
  countdown(request: { from: number; intervalMs: number }, options?: TtrpcCallOptions): AsyncIterable<Tick>;
  sum(parts: TtrpcStreamSource<Part>, options?: TtrpcCallOptions): Promise<Total>;
  chat(lines: TtrpcStreamSource<Line>, options?: TtrpcCallOptions): AsyncIterable<Line>;
}
