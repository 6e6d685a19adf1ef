import { Controller, Get, Header, Inject, Query, Req, Res } from '@nestjs/common';
import type { TtrpcClient } from 'nestjs-ttrpc';
import type { TtrpcMetrics, TtrpcMetricsSnapshot } from 'nestjs-ttrpc/metrics';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { OrdersClient } from './orders.js';
import { exporter } from './telemetry.js';

/** Calls the orders for HTTP clients, and serves the metrics. */
@Controller()
export class GatewayController {
  readonly #orders: OrdersClient;

  constructor(
    @Inject('ORDERS') client: TtrpcClient,
    @Inject('METRICS') private readonly metrics: TtrpcMetrics,
  ) {
    this.#orders = client.getAsyncService<OrdersClient>('demo.orders.v1.Orders');
  }

  @Get('order')
  async order(@Query('item') item: string, @Query('count') count: string): Promise<string[]> {
    const receipt = await this.#orders.place({ item, count: Number(count) }, { timeoutMs: 1000 });
    const steps: string[] = [];
    for await (const { what } of this.#orders.follow(receipt)) steps.push(what);
    return steps;
  }

  /** By OpenTelemetry: the names of its semantic conventions. */
  @Get('metrics')
  scrape(@Req() request: IncomingMessage, @Res() response: ServerResponse): void {
    exporter.getMetricsRequestHandler(request, response);
  }

  /** The same calls, and the queues, without OpenTelemetry. */
  @Get('metrics/ttrpc')
  @Header('content-type', 'text/plain; version=0.0.4; charset=utf-8')
  scrapeTtrpc(): string {
    return this.metrics.prometheus();
  }

  /** The same as an object, with percentiles. */
  @Get('stats')
  stats(): TtrpcMetricsSnapshot {
    return this.metrics.snapshot();
  }
}
