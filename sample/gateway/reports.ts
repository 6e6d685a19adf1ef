import { join } from 'node:path';

/** The name of the client and of the service behind the gateway. */
export const REPORTS = 'REPORTS';
export const SERVICE = 'demo.reports.v1.Reports';

export const SCHEMA = { protoPath: join(import.meta.dirname, 'reports.proto') };
