import 'reflect-metadata';
import { ClientProxyFactory, Transport } from '@nestjs/microservices';
import { firstValueFrom } from 'rxjs';
import { drive } from '../load/drive.js';
import type { Echo, Order } from '../messages.js';

/** Nest's TCP client on a unix socket (its option `port` reaches `net.connect` as it is). No metadata, no deadlines. */
drive(async (path) => {
  const client = ClientProxyFactory.create({
    transport: Transport.TCP,
    options: { port: path as unknown as number },
  });
  await client.connect();
  return {
    unary: (rpc, message) => firstValueFrom(client.send<Echo>(rpc, message)),
    place: (order) => firstValueFrom(client.send<Order>('Place', order)),
    download: (request, onMessage) =>
      new Promise((resolve, reject) => {
        client.send<Echo>('Download', request).subscribe({ next: onMessage, error: reject, complete: resolve });
      }),
    close: () => client.close() as void,
  };
}, 'text');
