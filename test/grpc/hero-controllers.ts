import { Controller } from '@nestjs/common';
import { GrpcMethod, GrpcStreamCall, GrpcStreamMethod } from '@nestjs/microservices';
import { Metadata, type ServerDuplexStream, type ServerReadableStream, type ServerUnaryCall } from '@grpc/grpc-js';
import { Subject, type Observable } from 'rxjs';

// The controllers of docs.nestjs.com/microservices/grpc, as they stand there.

export interface HeroById {
  id: number;
}

export interface Hero {
  id: number;
  name: string;
}

export interface HelloRequest {
  greeting: string;
}

export interface HelloResponse {
  reply: string;
}

const HEROES: Hero[] = [
  { id: 1, name: 'John' },
  { id: 2, name: 'Doe' },
];

@Controller()
export class HeroesController {
  @GrpcMethod('HeroService', 'FindOne')
  findOne(data: HeroById, _metadata: Metadata, call: ServerUnaryCall<HeroById, Hero>): Hero | undefined {
    const serverMetadata = new Metadata();
    serverMetadata.add('Set-Cookie', 'yummy_cookie=choco');
    call.sendMetadata(serverMetadata);
    return HEROES.find(({ id }) => id === data.id);
  }

  @GrpcStreamMethod('HeroService')
  findMany(data$: Observable<HeroById>): Observable<Hero> {
    const hero$ = new Subject<Hero>();
    const onNext = (heroById: HeroById): void => {
      const item = HEROES.find(({ id }) => id === heroById.id);
      if (item) hero$.next(item);
    };
    const onComplete = (): void => hero$.complete();
    data$.subscribe({ next: onNext, complete: onComplete });
    return hero$.asObservable();
  }
}

@Controller()
export class HelloService {
  @GrpcStreamMethod()
  bidiHello(messages: Observable<HelloRequest>, _metadata: Metadata): Observable<HelloResponse> {
    const subject = new Subject<HelloResponse>();
    const onNext = ({ greeting }: HelloRequest): void => subject.next({ reply: `Hello, ${greeting}!` });
    const onComplete = (): void => subject.complete();
    messages.subscribe({ next: onNext, complete: onComplete });
    return subject.asObservable();
  }

  @GrpcStreamMethod()
  lotsOfGreetings(requests: Observable<HelloRequest>): Observable<HelloResponse> {
    const subject = new Subject<HelloResponse>();
    let count = 0;
    requests.subscribe({
      next: () => count++,
      complete: () => {
        subject.next({ reply: `${count} greetings` });
        subject.complete();
      },
    });
    return subject.asObservable();
  }
}

/** The same services by `@GrpcStreamCall`. */
@Controller()
export class HelloCalls {
  @GrpcStreamCall('HelloService', 'BidiHello')
  bidiHello(requestStream: ServerDuplexStream<HelloRequest, HelloResponse>): void {
    requestStream.on('data', ({ greeting }: HelloRequest) => {
      requestStream.write({ reply: `Hello, ${greeting}!` });
    });
    requestStream.on('end', () => requestStream.end());
  }

  @GrpcStreamCall('HelloService', 'LotsOfGreetings')
  lotsOfGreetings(
    requestStream: ServerReadableStream<HelloRequest, HelloResponse>,
    callback: (error: unknown, value: HelloResponse) => void,
  ): void {
    let count = 0;
    requestStream.on('data', () => count++);
    requestStream.on('end', () => callback(null, { reply: `${count} greetings` }));
  }
}
