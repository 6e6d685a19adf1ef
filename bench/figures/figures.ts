import type { Figure } from './figure.js';
import { growthFigures } from './growth.js';
import { memoryFigure } from './memory.js';
import { startFigure } from './start.js';

/** What is measured beside the rows. */
export const figures: Figure[] = [memoryFigure, startFigure, ...growthFigures];
