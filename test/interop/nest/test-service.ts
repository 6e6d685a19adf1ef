import { TtrpcException, type TtrpcContext } from 'nestjs-ttrpc';

/** The messages of test_service.proto as Nest's side has them, and how a server answers them. */

/** Payload. */
export interface Payload {
  body: Uint8Array;
}

/** Echoed. */
export interface Echoed {
  key: string;
  value: string;
}

interface EchoStatus {
  code: number;
  message: string;
}

/** SimpleRequest. */
export interface SimpleRequest {
  responseSize: number;
  responseStatus: EchoStatus | null;
}

/** SimpleResponse and StreamingOutputCallResponse. */
export interface PayloadResponse {
  payload: Payload;
  echoed: Echoed[];
}

/** StreamingInputCallRequest. */
export interface InputRequest {
  payload: Payload | null;
}

/** StreamingInputCallResponse. */
export interface InputResponse {
  aggregatedPayloadSize: number;
}

/** StreamingOutputCallRequest. */
export interface OutputRequest {
  responseParameters: { size: number }[];
  responseStatus: EchoStatus | null;
}

const ECHOED = ['x-grpc-test-echo-initial', 'x-grpc-test-echo-trailing-bin'];

/** The responses of one call: the first one says what metadata the call came with. */
export class Answers {
  #echoed: Echoed[];

  constructor({ metadata }: TtrpcContext) {
    this.#echoed = ECHOED.flatMap((key) => metadata.getAll(key).map((value) => ({ key, value })));
  }

  /** The response to a UnaryCall. Throws what the request asks for. */
  toSimple({ responseSize, responseStatus }: SimpleRequest): PayloadResponse {
    failIfAsked(responseStatus);
    return this.#next(responseSize);
  }

  /** The responses to one request of a stream. Throws what the request asks for. */
  *to({ responseParameters, responseStatus }: OutputRequest): Generator<PayloadResponse> {
    failIfAsked(responseStatus);
    for (const { size } of responseParameters) yield this.#next(size);
  }

  #next(size: number): PayloadResponse {
    const response = { payload: { body: new Uint8Array(size) }, echoed: this.#echoed };
    this.#echoed = [];
    return response;
  }
}

function failIfAsked(status: EchoStatus | null): void {
  if (status !== null) throw new TtrpcException(status.code, status.message);
}

/** The size of a request's body. */
export function payloadSize({ payload }: InputRequest): number {
  return payload?.body.length ?? 0;
}
