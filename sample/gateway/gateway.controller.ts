import { Controller, Get, Query, Req, UseFilters } from '@nestjs/common';
import { abortSignalOf, InjectTtrpcService, TtrpcToHttpExceptionFilter, type TtrpcCallOptions } from 'nestjs-ttrpc';
import { REPORTS, SERVICE } from './reports.js';

interface Reports {
  render(request: { name?: string }, options?: TtrpcCallOptions): Promise<{ text: string }>;
}

/** HTTP in front of the service. */
@Controller('report')
@UseFilters(TtrpcToHttpExceptionFilter)
export class GatewayController {
  constructor(@InjectTtrpcService(REPORTS, SERVICE, { async: true }) private readonly reports: Reports) {}

  @Get()
  render(@Query('name') name: string | undefined, @Req() request: object) {
    // dedicated: a connection of its own, whose end cancels the handler behind it
    const options = { timeoutMs: 10_000, signal: abortSignalOf(request), dedicated: true };
    return this.reports.render(name === undefined ? {} : { name }, options);
  }
}
