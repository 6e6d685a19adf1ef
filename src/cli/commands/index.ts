import type { Command } from '../command.js';
import { bench } from './bench.js';
import { call } from './call.js';
import { completion } from './completion.js';
import { describe } from './describe.js';
import { health } from './health.js';
import { list } from './list.js';
import { replay } from './replay.js';
import { tap } from './tap.js';

/** All commands, in the order of the help. */
export const COMMANDS: readonly Command[] = [call, list, describe, bench, tap, replay, health, completion];
