// Prints a .proto file with each scalar kind in each place: `node matrix.mjs proto3 > matrix3.proto`.
const syntax = process.argv[2];
const kinds =
  'int32 sint32 uint32 fixed32 sfixed32 int64 sint64 uint64 fixed64 sfixed64 float double bool string bytes Shade Part';
const noKeys = ['float', 'double', 'bytes', 'Shade', 'Part'];
const unpackable = ['string', 'bytes', 'Part'];
const old = syntax === 'proto2';

const lines = [
  `// Each kind in each place. Made by protos/matrix.mjs.`,
  `syntax = "${syntax}";`,
  `package matrix.${old ? 'v2' : 'v3'};`,
  'enum Shade { SHADE_ZERO = 0; SHADE_ONE = 1; SHADE_MINUS = -1; SHADE_HIGH = 2147483647; SHADE_LOW = -2147483648; }',
  `message Part { ${old ? 'optional ' : ''}string text = 1; ${old ? 'optional ' : ''}int32 number = 2; }`,
];
for (const kind of kinds.split(' ')) {
  const fields = [
    old || kind === 'Part' ? `optional ${kind} single = 1;` : `${kind} single = 1;`,
    `optional ${kind} maybe = 2;`,
    `repeated ${kind} list = 3;`,
    ...(unpackable.includes(kind)
      ? []
      : [`repeated ${kind} packed = 4 [packed = true];`, `repeated ${kind} unpacked = 5 [packed = false];`]),
    `map<string, ${kind}> values = 6;`,
    ...(noKeys.includes(kind) ? [] : [`map<${kind}, string> keys = 7;`]),
    `oneof choice { ${kind} member = 8; bool other = 9; }`,
  ];
  lines.push(`message ${kind[0].toUpperCase()}${kind.slice(1)}Places {`, ...fields.map((field) => `  ${field}`), '}');
}
console.log(lines.join('\n'));
