import type { Command } from '../command.js';
import { call } from './call.js';

/** All commands, in the order of the help. */
export const COMMANDS: readonly Command[] = [call];
