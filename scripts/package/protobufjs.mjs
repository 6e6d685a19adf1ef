// One copy of protobufjs for both formats.
const { createRequire } = process.getBuiltinModule('node:module');

export default createRequire(import.meta.url)('../../cjs/shared/protobufjs.js');
