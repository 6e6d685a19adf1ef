import { pbkdf2Sync } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import type { SchemaOptions } from 'nestjs-ttrpc';

/** What server and client must agree on. */
export const schema: SchemaOptions = { protoPath: fileURLToPath(new URL('cruncher.proto', import.meta.url)) };

/** The service's qualified name. */
export const CRUNCHER = 'demo.v1.Cruncher';

export interface Work {
  rounds: number;
}

export interface Result {
  worker: number;
}

/** What a handler may do all day: one core is busy with it. */
export function compute(rounds: number): void {
  pbkdf2Sync('password', 'salt', rounds, 32, 'sha256');
}
