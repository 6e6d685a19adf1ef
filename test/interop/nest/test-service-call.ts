import type { CallOp, TestCall, TestCallResult, TestRequest } from '../peer.js';
import { statusOf } from './call-record.js';
import type { Changes } from './changes.js';
import type { ProxyCall } from './proxies.js';
import { RunningCall } from './running-call.js';
import type { InputResponse, PayloadResponse } from './test-service.js';

const SHAPES: Record<TestCall['rpc'], CallOp> = {
  EmptyCall: 'unary',
  UnaryCall: 'unary',
  StreamingInputCall: 'client-stream',
  StreamingOutputCall: 'server-stream',
  FullDuplexCall: 'bidi',
  UnimplementedCall: 'unary',
};

/** Makes the requests of a call of grpc.testing.TestService and describes its responses. */
export class TestServiceCall extends RunningCall implements ProxyCall {
  readonly spec: ProxyCall['spec'];
  readonly #responses: TestCallResult['responses'] = [];

  constructor(
    private readonly call: TestCall,
    changes: Changes,
  ) {
    super(changes);
    this.spec = { ...call, op: SHAPES[call.rpc] };
  }

  get replies(): number {
    return this.#responses.length;
  }

  request(): object {
    const [only, ...more] = this.call.requests;
    if (only === undefined || more.length > 0) throw new Error(`${this.call.rpc} takes exactly one request`);
    return this.#message(only);
  }

  *requests(): Generator<object> {
    for (const request of this.call.requests) yield this.#message(request);
  }

  pacedRequests(): AsyncGenerator<object> {
    const messages = this.call.requests.map((request) => ({
      message: this.#message(request),
      responses: request.responseSizes?.length ?? 0,
    }));
    return this.paced(messages, this.call);
  }

  took(reply: object): void {
    const { payload, aggregatedPayloadSize, echoed = [] } = reply as Partial<PayloadResponse & InputResponse>;
    const body = payload?.body ?? new Uint8Array(0);
    const values: Record<string, string[]> = {};
    for (const { key, value } of echoed) (values[key] ??= []).push(value);
    this.#responses.push({
      payloadBytes: body.length,
      zeros: body.every((value) => value === 0),
      aggregatedPayloadSize: aggregatedPayloadSize ?? 0,
      echoed: values,
    });
    this.changed();
  }

  /** The call is over; `error` is what it ended with. Throws what is not a status. */
  result(error?: unknown): TestCallResult {
    this.end();
    const status = error === undefined ? { code: 0, message: '', details: [] } : statusOf(error);
    return { status, responses: this.#responses };
  }

  #message({ payloadBytes = 0, responseSizes = [], status }: TestRequest): object {
    const payload = payloadBytes > 0 ? { payload: { body: new Uint8Array(payloadBytes) } } : {};
    const responseStatus = status ? { responseStatus: status } : {};
    switch (this.call.rpc) {
      case 'UnaryCall':
        return { ...payload, ...responseStatus, responseSize: responseSizes[0] ?? 0 };
      case 'StreamingInputCall':
        return payload;
      case 'StreamingOutputCall':
      case 'FullDuplexCall':
        return { ...payload, ...responseStatus, responseParameters: responseSizes.map((size) => ({ size })) };
      case 'EmptyCall':
      case 'UnimplementedCall':
        return {};
    }
  }
}
