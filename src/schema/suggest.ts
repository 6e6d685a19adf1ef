// The names of a schema are suggested as those of options are.
export { closest, didYouMean, editDistance, lastSegment } from '../protocol/core/suggest.js';
