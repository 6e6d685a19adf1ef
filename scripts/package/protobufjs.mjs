// One copy of protobufjs for both formats.
import { createRequire } from 'node:module';

export default createRequire(import.meta.url)('../../cjs/shared/protobufjs.js');
